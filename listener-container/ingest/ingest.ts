/**
 * From the first byte of a data set to the answer: spool, object, instance item, touch, and only then Success
 * (invariant A). The bytes go to the object as they came (invariant B).
 */
import { limit } from '../../aws/time-limit.ts';
import type { DeliveryMessage } from '../../core/contracts/deliveries.ts';
import type { AeTitleItem } from '../../core/contracts/configuration.ts';
import type { Clock, ObjectStore, StoredInstances } from '../../core/contracts/ports.ts';
import type { StabilityCheck } from '../../core/contracts/messages.ts';
import { createAdmission } from '../../core/processors/admission.ts';
import { admitByProcessor } from '../../core/processors/extension/collect.ts';
import type { CacheStore } from '../../core/processors/extension/cache.ts';
import type { DeliveryStore } from '../../core/processors/extension/delivery-store.ts';
import type { GroupStore } from '../../core/processors/group-store.ts';
import { createGroupToucher } from '../../core/processors/group-toucher.ts';
import { hashHere, type BeginDataSetHash } from '../hashing/data-set-hash.ts';
import { errorName, type ListenerLog } from '../listener-log.ts';
import { NO_OBSERVER, type ListenerObserver } from '../observation/observer.ts';
import type { InstanceReceiver } from '../services/instance-receiver.ts';
import { keptAeTitles, settingsOfAssociation } from './ae-title-settings.ts';
import { anyRoom, type HasRoom } from './disk-room.ts';
import { createIgnoredInstances } from './ignored-instances.ts';
import { createInstanceDecisions } from './instance-decisions.ts';
import { requestRefused } from './instance-messages.ts';
import { memoryBudget } from './memory-budget.ts';
import { beginReception } from './reception.ts';

export interface IngestDependencies {
  readonly objects: Pick<ObjectStore, 'put'>;
  readonly groups: GroupStore;
  readonly stored: StoredInstances;
  readonly deliveries: Pick<DeliveryStore, 'putInstance'>;
  readonly cache: Pick<CacheStore, 'touchSeries'>;
  readonly aeTitle: (name: string) => Promise<AeTitleItem | undefined>;
  readonly sendCheck: (check: StabilityCheck, delaySeconds: number) => Promise<void>;
  readonly sendDelivery: (message: DeliveryMessage) => Promise<void>;
  /** Must exist, and be this process's own: see prepareSpoolDirectory. */
  readonly spoolDirectory: string;
  /** Default: as long as the disk takes it. */
  readonly hasRoom?: HasRoom;
  readonly clock: Clock;
  readonly log: ListenerLog;
  readonly limits?: Partial<IngestLimits>;
  /** Default: in the thread of the sockets. */
  readonly beginHash?: BeginDataSetHash;
  readonly observer?: ListenerObserver;
}

export interface IngestLimits {
  /** Of one instance in memory; beyond it goes to a file. */
  readonly memoryPerInstanceBytes: number;
  /** Of all instances in memory. */
  readonly memoryBytes: number;
  /** From the last byte to the answer. */
  readonly deadlineMs: number;
  /** Of one attempt to store. */
  readonly attemptMs: number;
}

const MEBIBYTE = 1024 * 1024;
const LIMITS: IngestLimits = {
  memoryPerInstanceBytes: 4 * MEBIBYTE,
  memoryBytes: 32 * MEBIBYTE,
  deadlineMs: 20_000,
  attemptMs: 8000,
};

export interface Ingest extends InstanceReceiver {
  /** Stores what was decided and only counted so far, and what groups were promised beyond what has come. */
  flush(): Promise<void>;
}

export const makeIngest = (deps: IngestDependencies): Ingest => {
  const { clock, groups, log } = deps;
  const limits = { ...LIMITS, ...deps.limits };
  const toucher = createGroupToucher({
    groups,
    clock,
    limit,
    sendCheck: deps.sendCheck,
    onCheckNotSent: (groupId, error) => {
      log.warn('The check of a group could not be sent; it may be released later', {
        groupId,
        error: errorName(error),
      });
    },
    later: (delayMs, work) => {
      setTimeout(() => void work(), delayMs).unref();
    },
  });
  const decisions = createInstanceDecisions({ groups, clock, log });
  const aeTitles = keptAeTitles(deps.aeTitle, clock);
  const shared = {
    objects: deps.objects,
    groups,
    stored: deps.stored,
    decisions,
    observer: deps.observer ?? NO_OBSERVER,
    beginHash: deps.beginHash ?? hashHere,
    admit: admitByProcessor({
      group: createAdmission({ groups, toucher }).admit,
      groups,
      deliveries: deps.deliveries,
      cache: deps.cache,
      tell: (deliveryId) => {
        deps.sendDelivery({ deliveryId }).catch((error: unknown) => {
          log.warn('A processor could not be told of an instance; the sweep will', {
            deliveryId,
            error: errorName(error),
          });
        });
      },
      clock,
    }),
    ignored: createIgnoredInstances({ groups, decisions, clock, log }),
    hasRoom: deps.hasRoom ?? anyRoom,
    spool: {
      directory: deps.spoolDirectory,
      memoryLimitBytes: limits.memoryPerInstanceBytes,
      budget: memoryBudget(limits.memoryBytes),
    },
    limits,
    clock,
    log,
  };
  return {
    associated: (association) => {
      const aeTitle = settingsOfAssociation(aeTitles, association.calledAeTitle);
      const own = { ...shared, aeTitle };
      return {
        begin: (context) => beginReception(own, context),
        refused: (outcome) => {
          // The peer's answer does not wait for it: nothing of the instance is kept.
          void decisions.record({
            ...{ context: association, ...requestRefused(association, outcome) },
            kind: String(outcome.status),
          });
        },
      };
    },
    flush: async () => {
      await Promise.all([decisions.flush(), toucher.settle()]);
    },
  };
};
