/**
 * Who notices that a group is due: the check, a delayed message that comes shortly before, and the sweep, which
 * finds what a lost message or a dead process left behind.
 */
import { dueAt, HOLD_MS } from '../contracts/due-time.ts';
import type { GroupItem } from '../contracts/items.ts';
import { parseGroupId } from '../contracts/keys.ts';
import type { StabilityCheck } from '../contracts/messages.ts';
import { closeDeclared, declares, lookAtDeclared } from './declared-release.ts';
import {
  claimEmpty,
  claimGroup,
  releaseGroup,
  type DueOutcome,
  type ReleaseDependencies,
} from './release.ts';
import { checkDelaySeconds, MAX_WAIT_IN_CHECK_MS } from './timing.ts';

export interface StabilityDependencies extends ReleaseDependencies {
  sendCheck(check: StabilityCheck, delaySeconds: number): Promise<void>;
}

/**
 * `not-found`: no such group, or the id is none; `done`: released before; `deferred`: the message was sent anew;
 * `held`: a person has to decide; `waiting`: declared inputs are missing, or another check will come for what changed.
 */
export type CheckOutcome = 'not-found' | 'done' | 'deferred' | 'held' | 'waiting' | 'released';

const look = async (
  deps: StabilityDependencies,
  groupId: string,
  touchedAt: number,
): Promise<CheckOutcome> => {
  const found = await lookAtDeclared(deps, groupId, touchedAt, MAX_WAIT_IN_CHECK_MS);
  switch (found.outcome) {
    case 'waiting':
      return 'waiting';
    case 'later':
      await deps.sendCheck({ groupId, touchedAt }, checkDelaySeconds(found.inMs));
      return 'deferred';
    case 'claimed':
      await releaseGroup(deps, found.group);
      return 'released';
  }
};

/** Of a group whose time has come; of a held one, whose quiet time has passed. */
const closeDue = async (deps: StabilityDependencies, group: GroupItem): Promise<DueOutcome> => {
  if (group.held === true) return claimEmpty(deps, group);
  if (declares(group)) return closeDeclared(deps, group);
  return (await claimGroup(deps, group)) ?? 'changed';
};

/**
 * Images came again, and the listener that sent the check has leased the group anew: it sends another when it takes that
 * back, and the one that was asked for when the group was opened is still under way, in case it does not.
 */
const isOutdated = ({ settled }: StabilityCheck, { promises }: GroupItem): boolean => {
  if (settled === undefined) return false;
  const { turn = 0, lease } = promises[settled.listener] ?? {};
  return turn > settled.turn && lease === true;
};

/** Looks at one group at its due time: releases it, or asks to be called again. */
export const checkGroup = async (
  deps: StabilityDependencies,
  check: StabilityCheck,
): Promise<CheckOutcome> => {
  const { groupId, touchedAt } = check;
  if (touchedAt !== undefined) return look(deps, groupId, touchedAt);
  const { groups, clock } = deps;
  const id = parseGroupId(groupId);
  if (id === undefined) return 'not-found';
  const waitUntil = clock() + MAX_WAIT_IN_CHECK_MS;
  const again = async (left: number): Promise<CheckOutcome> => {
    await deps.sendCheck(check, checkDelaySeconds(left));
    return 'deferred';
  };
  for (;;) {
    const group = await groups.get(id.keyId, id.generation);
    if (group === undefined) return 'not-found';
    if (group.state === 'RELEASED') return 'done';
    if (group.state === 'CLAIMED') {
      const left = (group.sealAfter ?? 0) - clock();
      if (left > MAX_WAIT_IN_CHECK_MS) return again(left);
      await releaseGroup(deps, group);
      return 'released';
    }
    const due = dueAt(group) - (group.held === true ? HOLD_MS : 0);
    const left = due - clock();
    if (left > 0) {
      if (due > waitUntil) return isOutdated(check, group) ? 'waiting' : again(left);
      await deps.sleep(left);
      if (clock() < due) continue;
    }
    // As it was read before the waiting: whoever has touched it since has made another version of it.
    const closed = await closeDue(deps, group);
    if (closed === 'changed') continue;
    if (closed === 'held') return 'held';
    await releaseGroup(deps, closed);
    return 'released';
  }
};

/** A check that is this late was lost. */
const OVERDUE_MS = 3000;
/** A claimed group that is not released by now has lost whoever claimed it. */
const ABANDONED_MS = 10_000;
/** Per sweep; what is left is found by the next one. */
const MAX_CHECKS = 500;
const MAX_RELEASES = 50;

export interface GroupSweep {
  /** Checks that were sent again. */
  readonly checks: number;
  readonly released: number;
  /** One group's failure does not keep the sweep from the next; of an error only its name, for the log. */
  readonly failures: readonly { readonly groupId: string; readonly error: string }[];
}

export const sweepGroups = async (deps: StabilityDependencies): Promise<GroupSweep> => {
  const { groups, clock } = deps;
  const failures: { groupId: string; error: string }[] = [];
  const each = async (
    found: readonly { readonly id: string; readonly keyId: string; readonly generation: number }[],
    repair: (group: (typeof found)[number]) => Promise<void>,
  ): Promise<number> => {
    let repaired = 0;
    for (const group of found) {
      try {
        await repair(group);
        repaired += 1;
      } catch (error) {
        failures.push({
          groupId: group.id,
          error: error instanceof Error ? error.name : 'unknown',
        });
      }
    }
    return repaired;
  };
  const overdue = await groups.collectingDueBefore(clock() - OVERDUE_MS, MAX_CHECKS);
  const checks = await each(overdue, ({ id }) => deps.sendCheck({ groupId: id }, 0));
  const abandoned = await groups.claimedBefore(clock() - ABANDONED_MS, MAX_RELEASES);
  const released = await each(abandoned, async ({ keyId, generation }) => {
    // The index may be behind: what counts is the item.
    const group = await groups.get(keyId, generation);
    if (group?.state !== 'CLAIMED') return;
    const left = (group.sealAfter ?? 0) - clock();
    if (left > 0) await deps.sendCheck({ groupId: group.id }, checkDelaySeconds(left));
    else await releaseGroup(deps, group);
  });
  return { checks, released, failures };
};
