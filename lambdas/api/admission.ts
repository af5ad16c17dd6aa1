/** What a person routes comes into its group by the same rules as what a listener receives. */
import type { Logger } from '@aws-lambda-powertools/logger';
import { limit } from '../../aws/time-limit.ts';
import type { Clock, Queues } from '../../core/contracts/ports.ts';
import { createAdmission, type AdmitInstance } from '../../core/processors/admission.ts';
import { createGroupToucher } from '../../core/processors/group-toucher.ts';
import { admitByProcessor } from '../../core/processors/extension/collect.ts';
import type { CacheStore } from '../../core/processors/extension/cache.ts';
import type { DeliveryStore } from '../../core/processors/extension/delivery-store.ts';
import type { GroupStore } from '../../core/processors/group-store.ts';

export const routedAdmission = (deps: {
  readonly groups: GroupStore;
  readonly deliveries: Pick<DeliveryStore, 'putInstance'>;
  readonly cache: Pick<CacheStore, 'touchSeries'>;
  readonly processorsQueueUrl: string;
  readonly queues: Pick<Queues, 'send'>;
  readonly stabilityChecksQueueUrl: string;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'warn'>;
}): AdmitInstance => {
  const { groups, deliveries, queues, stabilityChecksQueueUrl, clock, logger } = deps;
  const toucher = createGroupToucher({
    groups,
    clock,
    limit,
    sendCheck: (check, delaySeconds) => queues.send(stabilityChecksQueueUrl, check, delaySeconds),
    onCheckNotSent: (groupId) => {
      logger.warn('the check of a group could not be sent; the sweep will find it', { groupId });
    },
  });
  return admitByProcessor({
    group: createAdmission({ groups, toucher }).admit,
    groups,
    deliveries,
    cache: deps.cache,
    tell: (deliveryId) => {
      // A frozen function may never send it; then the sweep does.
      queues.send(deps.processorsQueueUrl, { deliveryId }).catch(() => {
        logger.warn('a processor could not be told of an instance; the sweep will', { deliveryId });
      });
    },
    clock,
  });
};
