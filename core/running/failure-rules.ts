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
  /** The target can never run. */
  | { readonly effect: 'skip'; readonly reason: string };

const ENDED_AS: Readonly<Partial<Record<JobState, string>>> = {
  FAILED: 'failed',
  TIMED_OUT: 'exceeded its time limit',
  CANCELLED: 'was cancelled',
  SKIPPED: 'was skipped',
};

/** `source` has ended. */
export const effectOnTarget = (
  edge: Pick<EdgeItem, 'kind'>,
  source: Pick<JobItem, 'name' | 'state'>,
): EdgeEffect =>
  edge.kind === 'after' || source.state === 'SUCCEEDED'
    ? { effect: 'release' }
    : {
        effect: 'skip',
        reason: `It depends on "${source.name}", which ${ENDED_AS[source.state] ?? 'has not ended'}.`,
      };

/** Why no job of the session may start, or undefined when they may; `node` is any node that has ended. */
export const reasonToSkipAll = (
  node: Pick<JobItem, 'kind' | 'state' | 'reason'>,
): string | undefined =>
  node.kind === 'pre-services' && node.state !== 'SUCCEEDED'
    ? `The session's images were not ready for its jobs. ${node.reason ?? ''}`.trimEnd()
    : undefined;
