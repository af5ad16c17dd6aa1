/**
 * The order in which a runner asks the queues of its worker. The highest priority comes first, but for every
 * eighth take: that one begins with one of the other three, in turn. So a job of the lowest priority waits, behind
 * any number of others, for at most 24 takes of each runner, and seven of eight takes go by priority alone.
 */
import { PRIORITIES, type Priority } from '../contracts/vocabulary.ts';

/** Highest first. */
const BY_PRIORITY: readonly Priority[] = PRIORITIES;

/** Work that may be interrupted: a GPU task of these priorities runs on Spot capacity where the site has any. */
export const SPOT_PRIORITIES: readonly Priority[] = ['normal', 'lower'];

/** Each so-many-th take is a lower priority's turn. */
export const TURN_EVERY = 8;

/** How many takes there are at most between two turns of the same priority. */
export const LONGEST_WAIT_IN_TAKES = TURN_EVERY * (BY_PRIORITY.length - 1);

/** How many takes from this one on have the same order: those before the next turn of a lower priority, or that turn. */
export const takesOfOneOrder = (take: number): number =>
  take % TURN_EVERY === 0 ? 1 : TURN_EVERY - (take % TURN_EVERY);

/** The order of the queues for a take, counted from 1. */
export const orderForTake = (take: number): readonly Priority[] => {
  if (take % TURN_EVERY !== 0) return BY_PRIORITY;
  const lower = BY_PRIORITY.slice(1).reverse();
  const turn = lower[(take / TURN_EVERY - 1) % lower.length];
  return turn === undefined
    ? BY_PRIORITY
    : [turn, ...BY_PRIORITY.filter((priority) => priority !== turn)];
};
