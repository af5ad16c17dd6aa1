/**
 * While images keep coming, a listener promises of a group for long, and writes seldom: that is a lease. It takes the
 * lease back shortly before the group would be due, and leaves it as if the last image had touched it by itself.
 */
import { CLOCK_SKEW_MS } from '../contracts/due-time.ts';
import type { GroupItem } from '../contracts/items.ts';
import { MAX_DELAY_SECONDS } from './timing.ts';

/** So long a listener's death or a release by hand can make a release late, and one write spares some 60 touches. */
export const LEASE_MS = 30_000;

/** A shorter quiet time has no room for taking a lease back in time. */
const SHORTEST_TIMEOUT_MS = 3000;

/** From when a listener may acknowledge an instance until its answer is on its way. */
export const ANSWER_MS = 100;

/** When no image has come for so long, or earlier if the quiet time is shorter, the lease is taken back. */
const SILENCE_MS = 5000;

/** The check of what was settled is delayed by at least so much, so that a slow table does not make it late ... */
const SHORTEST_DELAY_MS = 2000;
/** ... and so much before the due time it is there, for a late message or a function that starts. */
const CHECK_AHEAD_MS = 500;

type Leasable = Pick<GroupItem, 'timeoutMs' | 'held' | 'complete'>;

/** Not one that is held, or whose declared inputs are looked at after each touch. */
const isLeasable = ({ timeoutMs, held, complete = [] }: Leasable): boolean =>
  timeoutMs >= SHORTEST_TIMEOUT_MS && held !== true && complete.length === 0;

/**
 * Until when a touch at `now` promises: `allowanceMs` is how long the touch itself may take. A lease, and not beyond the
 * cap, if this listener can take it back and acknowledged an instance of the group not long ago.
 */
export const promiseOf = (
  group: Leasable & Pick<GroupItem, 'capAt'> & { readonly acknowledgedAt: number },
  now: number,
  allowanceMs: number,
  canSettle: boolean,
): { readonly until: number; readonly lease?: true } => {
  // A clock that was set back does not take back what was acknowledged.
  const until = Math.max(now, group.acknowledgedAt) + allowanceMs;
  const leased = Math.min(now + LEASE_MS, group.capAt);
  return canSettle && isLeasable(group) && now - group.acknowledgedAt < LEASE_MS && leased > until
    ? { until: leased, lease: true }
    : { until };
};

/** What a lease is lowered to. */
export const settledUntil = ({ acknowledgedAt }: { readonly acknowledgedAt: number }): number =>
  acknowledgedAt + ANSWER_MS;

/** When a group is due of which no lease holds any more; at its cap it is for the check that its opening asked for. */
export const settledDueAt = (
  group: Pick<GroupItem, 'timeoutMs'> & { readonly acknowledgedAt: number },
): number => settledUntil(group) + group.timeoutMs + CLOCK_SKEW_MS;

/** When to take a lease back: messages are delayed by whole seconds, and a check that comes early has to wait. */
export const settleAt = (
  group: Pick<GroupItem, 'timeoutMs'> & { readonly acknowledgedAt: number },
): number => {
  const seconds = Math.ceil((group.timeoutMs - SILENCE_MS) / 1000);
  return settledDueAt(group) - CHECK_AHEAD_MS - Math.max(SHORTEST_DELAY_MS, seconds * 1000);
};

/** Of the check of a group that was settled, to be there shortly before its due time and not a second too early. */
export const settledDelaySeconds = (leftMs: number): number =>
  Math.min(MAX_DELAY_SECONDS, Math.max(0, Math.round((leftMs - CHECK_AHEAD_MS) / 1000)));
