/**
 * Looks at the item of a job while an attempt of it runs. A job that was cancelled, or that another attempt has,
 * needs its callback no longer: it would compute for hours what nobody takes.
 */
import type { JobItem } from '../core/contracts/items.ts';
import type { SessionStore } from '../core/running/session-store.ts';

const LOOK_EVERY_MS = 5000;

export interface JobWatch {
  /** Aborted when the job is not this attempt's any more. */
  readonly cancelled: AbortSignal;
  readonly stop: () => void;
}

/** `leased` is the item as its lease left it. A look that fails says nothing: the next one is soon. */
export const watchJob = (
  store: Pick<SessionStore, 'getJob'>,
  leased: JobItem,
  onFailure: (error: unknown) => void,
): JobWatch => {
  const cancelled = new AbortController();
  const timer = setInterval(() => {
    store.getJob(leased.sessionId, leased.nodeId).then((job) => {
      const isOurs =
        job?.state === 'RUNNING' && job.run === leased.run && job.attempt === leased.attempt;
      if (!isOurs) cancelled.abort();
    }, onFailure);
  }, LOOK_EVERY_MS);
  return {
    cancelled: cancelled.signal,
    stop: () => {
      clearInterval(timer);
    },
  };
};
