/**
 * What the end of a node means for those that wait for it. `after` edges ask only that it has ended;
 * `requires` edges that it succeeded. Images that cannot be read stop every job of the session, wherever in
 * the graph it stands, while post-services still runs.
 */
import type { EdgeItem, JobItem } from '../contracts/items.ts';
import type { JobState } from '../contracts/vocabulary.ts';

export type EdgeEffect =
  /** One thing less to wait for. */
  | { readonly effect: 'release' }
  /** The target can never run; `stopped` when that holds for everything after it too. */
  | { readonly effect: 'skip'; readonly reason: string; readonly stopped: boolean };

const ENDED_AS: Readonly<Partial<Record<JobState, string>>> = {
  FAILED: 'failed',
  TIMED_OUT: 'exceeded its time limit',
  CANCELLED: 'was cancelled',
  SKIPPED: 'was skipped',
};

type EdgeSource = Pick<JobItem, 'kind' | 'name' | 'state' | 'reason' | 'stopped'>;

/** Why nothing after `source` may run, or undefined when that is up to each edge. */
const stopReason = (source: EdgeSource): string | undefined => {
  if (source.stopped === true) return source.reason ?? '';
  return source.kind === 'pre-services' && source.state !== 'SUCCEEDED'
    ? `The session's images were not ready for its jobs. ${source.reason ?? ''}`.trimEnd()
    : undefined;
};

/** `source` has ended, and what that means is decided by what is stored of it: the same for whoever asks. */
export const effectOnTarget = (
  edge: Pick<EdgeItem, 'kind'>,
  source: EdgeSource,
  target: Pick<JobItem, 'kind'>,
): EdgeEffect => {
  const stop = stopReason(source);
  if (stop !== undefined && target.kind !== 'post-services') {
    return { effect: 'skip', reason: stop, stopped: true };
  }
  if (edge.kind === 'after' || source.state === 'SUCCEEDED') return { effect: 'release' };
  const end = ENDED_AS[source.state] ?? 'has not ended';
  return {
    effect: 'skip',
    reason: `It depends on "${source.name}", which ${end}.`,
    stopped: false,
  };
};
