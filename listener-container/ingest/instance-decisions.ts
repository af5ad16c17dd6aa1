/**
 * What was decided about received instances, as records for people to find from the study. A device that sends a
 * thousand instances of one fault makes one record at once and one with their number when the minute is over.
 */
import { randomUUID } from 'node:crypto';
import { limit } from '../../aws/time-limit.ts';
import type { Clock } from '../../core/contracts/ports.ts';
import type { GroupStore } from '../../core/processors/group-store.ts';
import type { Decision } from '../admission/admission-policy.ts';
import { errorName, type ListenerLog } from '../listener-log.ts';
import type { AssociationFacts } from '../services/instance-receiver.ts';

/** The message has no UID and nothing of a patient in it: these have fields of their own. */
export interface InstanceDecision extends Decision {
  readonly context: AssociationFacts;
  readonly studyInstanceUid?: string | undefined;
  /** Absent: the record is about all instances of its kind. */
  readonly sopInstanceUid?: string | undefined;
  /** What tells kinds of the same code apart, such as a SOP class. */
  readonly kind?: string;
}

export interface InstanceDecisions {
  /** Resolves when it is stored, or could not be, within {@link RECORD_LIMIT_MS}; never rejects. */
  readonly record: (decision: InstanceDecision) => Promise<void>;
  /** Stores what was counted and not stored yet; resolves when every record is stored, or could not be. */
  readonly flush: () => Promise<void>;
}

/** The sender of an instance that is not kept waits for its answer meanwhile. */
export const RECORD_LIMIT_MS = 2000;

const WINDOW_MS = 60_000;

/** Kinds at a time; beyond, the oldest window ends early. */
const MAXIMUM_KINDS = 1000;

interface Window {
  readonly decision: InstanceDecision;
  readonly timer: NodeJS.Timeout;
  more: number;
}

export const createInstanceDecisions = (deps: {
  readonly groups: Pick<GroupStore, 'recordDecision'>;
  readonly clock: Clock;
  readonly log: ListenerLog;
  /** Default: a minute. */
  readonly windowMs?: number;
}): InstanceDecisions => {
  const { groups, clock, log, windowMs = WINDOW_MS } = deps;
  const windows = new Map<string, Window>();
  const underWay = new Set<Promise<void>>();

  const attempt = async (
    { context, code, studyInstanceUid = '', sopInstanceUid = '' }: InstanceDecision,
    message: string,
  ): Promise<void> => {
    try {
      await limit(
        groups.recordDecision({
          id: randomUUID(),
          at: clock(),
          code,
          message,
          aeTitle: context.calledAeTitle,
          callingAeTitle: context.callingAeTitle,
          remoteAddress: context.remoteAddress,
          ...(studyInstanceUid === '' ? {} : { studyInstanceUid }),
          ...(sopInstanceUid === '' ? {} : { sopInstanceUid }),
        }),
        RECORD_LIMIT_MS,
      );
    } catch (error) {
      log.warn('A decision could not be stored', { code, error: errorName(error) });
    }
  };

  const store = async (decision: InstanceDecision, message: string): Promise<void> => {
    const storing = attempt(decision, message);
    underWay.add(storing);
    await storing;
    underWay.delete(storing);
  };

  const end = async (id: string): Promise<void> => {
    const window = windows.get(id);
    if (window === undefined) return;
    windows.delete(id);
    clearTimeout(window.timer);
    const { decision, more } = window;
    if (more === 0) return;
    const ofAll = { ...decision, sopInstanceUid: undefined };
    await store(ofAll, `${decision.message} (${more} more such instances of the association)`);
  };

  return {
    record: async (decision) => {
      const { context, code, kind = '', studyInstanceUid = '' } = decision;
      const id = JSON.stringify([context.associationId, code, kind, studyInstanceUid]);
      const open = windows.get(id);
      if (open !== undefined) {
        open.more += 1;
        return;
      }
      const timer = setTimeout(() => {
        void end(id);
      }, windowMs);
      timer.unref();
      windows.set(id, { decision, timer, more: 0 });
      const [oldest] = windows.keys();
      if (windows.size > MAXIMUM_KINDS && oldest !== undefined) void end(oldest);
      await store(decision, decision.message);
    },
    flush: async () => {
      await Promise.all([...underWay, ...[...windows.keys()].map(end)]);
    },
  };
};
