/** What must hold after a simulation of the grouping, whatever happened in it: sentences say what does not. */
import type { GroupItem } from '../../core/contracts/items.ts';
import { executionName, groupId, sessionId } from '../../core/contracts/keys.ts';
import { manifestInstances } from '../../core/processors/members.ts';
import { CLOCK_SKEW_MS, dueAt } from '../../core/contracts/due-time.ts';
import { TOUCH_INTERVAL_MS } from '../../core/processors/timing.ts';
import type { Scenario, SimulationResult } from './grouping-scenario.ts';
import { SWEEP_EVERY_MS, TIMEOUT_MS, VISIBILITY_MS } from './grouping-simulation.ts';

const instancesOf = ({ groups }: SimulationResult, { id }: GroupItem) => {
  const manifest = groups.manifests.get(id);
  return manifest === undefined ? [] : manifestInstances(manifest);
};

/** Object keys of the members that it does not repeat. */
const firstIn = (result: SimulationResult, group: GroupItem): string[] =>
  instancesOf(result, group).flatMap(({ objectKey, repeated }) =>
    repeated === undefined ? [objectKey] : [],
  );

/** Of the same key, before this one, the first one first. */
const earlierOf = ({ groups }: SimulationResult, group: GroupItem): GroupItem[] =>
  [...groups.groupItems.values()]
    .filter(({ keyId, generation }) => keyId === group.keyId && generation < group.generation)
    .toSorted((a, b) => a.generation - b.generation);

/** A later version of the same SOP instance takes the place of an earlier one, if the AE title says so. */
const isReplacedBy = (
  result: SimulationResult,
  objectKey: string,
  isThere: (other: string) => boolean,
): boolean => {
  if (result.scenario.duplicates !== 'replace') return false;
  const items = [...result.groups.instanceItems.values()];
  const item = items.find((one) => one.objectKey === objectKey);
  if (item === undefined) return false;
  return items.some(
    (other) =>
      other.sopInstanceUid === item.sopInstanceUid &&
      other.sha256 !== item.sha256 &&
      other.receivedAt >= item.receivedAt &&
      isThere(other.objectKey),
  );
};

/** Each acknowledged instance is first in exactly one generation, or a later version of it that replaces it is. */
const membership = (result: SimulationResult): string[] => {
  const found: string[] = [];
  const places = new Map<string, string[]>();
  for (const group of result.groups.groupItems.values()) {
    for (const objectKey of firstIn(result, group)) {
      places.set(objectKey, [...(places.get(objectKey) ?? []), group.id]);
    }
  }
  for (const { objectKey } of result.acknowledged) {
    const count = places.get(objectKey)?.length ?? 0;
    if (count === 1) continue;
    if (count === 0 && isReplacedBy(result, objectKey, (other) => places.has(other))) continue;
    found.push(`acknowledged ${objectKey} is in ${count} manifests`);
  }
  for (const [objectKey, where] of places) {
    if (where.length > 1) found.push(`${objectKey} is in ${where.join(' and ')}`);
  }
  return found;
};

/** Where versions replace each other, no manifest has two of one SOP instance. */
const versions = (result: SimulationResult): string[] => {
  if (result.scenario.duplicates !== 'replace') return [];
  return [...result.groups.groupItems.values()].flatMap((group) => {
    const uids = instancesOf(result, group).map(({ sopInstanceUid }) => sopInstanceUid);
    return new Set(uids).size === uids.length ? [] : [`${group.id} has two versions`];
  });
};

/** Not within the quiet time of an acknowledgement, unless the instance was one of another generation all the while. */
const punctuality = (result: SimulationResult): string[] => {
  const elsewhere = ({ id, keyId }: GroupItem): ReadonlySet<string> =>
    new Set(
      [...result.groups.groupItems.values()]
        .filter((other) => other.keyId === keyId && other.id !== id)
        .flatMap((other) => firstIn(result, other)),
    );
  return result.claims.flatMap(({ group, at, because }) => {
    if (because !== 'quiet') return [];
    const early = result.acknowledged.filter(
      (ack) =>
        ack.keyId === group.keyId &&
        ack.outcome === 'grouped' &&
        ack.at <= at &&
        at < ack.at + TIMEOUT_MS,
    );
    if (early.length === 0) return [];
    const others = elsewhere(group);
    const missed = early.find(
      ({ objectKey }) =>
        !others.has(objectKey) && !isReplacedBy(result, objectKey, (other) => others.has(other)),
    );
    return missed === undefined
      ? []
      : [`${group.id} was claimed ${at - missed.at} ms after ${missed.objectKey}`];
  });
};

/** Sessions that the released groups must have had started, by id. */
const expectedSessions = ({ groups, settings }: SimulationResult): string[] =>
  [...groups.manifests.values()]
    .filter(
      ({ groupId, series }) =>
        series.length > 0 && groups.groupItems.get(groupId)?.closedBecause !== 'discarded',
    )
    .flatMap(({ groupId }) =>
      Object.keys(settings.pipelines).map((name) => sessionId(groupId, name)),
    )
    .toSorted();

const sessions = (result: SimulationResult): string[] => {
  const found: string[] = [];
  const expected = expectedSessions(result);
  if (String([...result.sessions.keys()].toSorted()) !== String(expected)) {
    found.push('other sessions');
  }
  const started = [...result.executions.keys()].toSorted();
  if (String(started) !== String(expected.map((id) => executionName(id, 1)).toSorted())) {
    found.push('other executions');
  }
  return found;
};

/** A generation opened within the window after a release has the policy; one opened later has not. */
const lateness = (result: SimulationResult): string[] => {
  const { late, lateWindowSeconds } = result.settings;
  return [...result.groups.groupItems.values()].flatMap((group) => {
    const inWindow = earlierOf(result, group).some(
      (other) =>
        other.late !== 'hold' &&
        other.incomplete !== true &&
        instancesOf(result, other).length > 0 &&
        (other.claimedAt ?? 0) + lateWindowSeconds * 1000 > group.openedAt + CLOCK_SKEW_MS,
    );
    if (group.late === undefined) return inWindow ? [`${group.id} does not know it is late`] : [];
    return group.late === late && group.openedAt < (group.lateUntil ?? 0)
      ? []
      : [`${group.id} is late as ${group.late}`];
  });
};

/** A rerun has all that was released within the window, if it has anything, and says so. */
const reruns = (result: SimulationResult): string[] =>
  [...result.groups.groupItems.values()].flatMap((group) => {
    const own = instancesOf(result, group);
    const repeated = own.flatMap((entry) => (entry.repeated ? [entry.objectKey] : []));
    if (group.late !== 'rerun') return repeated.length > 0 ? [`${group.id} repeats`] : [];
    const since = group.openedAt - result.settings.lateWindowSeconds * 1000;
    // A release that was slow may be looked at before or after it was written.
    const released = earlierOf(result, group)
      .filter((other) => (other.claimedAt ?? 0) > since)
      .filter((other) => instancesOf(result, other).length > 0);
    // One that waited for its inputs may be released after those that came after it.
    const isUncertain = (other: GroupItem): boolean =>
      other.incomplete === true && (other.claimedAt ?? 0) > group.openedAt;
    const certain = released.filter((other) => !isUncertain(other));
    if (own.length === 0) return [];
    const missing = certain
      .flatMap((other) => instancesOf(result, other))
      .filter(({ objectKey }) => !repeated.includes(objectKey))
      .filter(({ objectKey }) => !isReplacedBy(result, objectKey, () => true));
    const latest = certain.at(-1);
    const maySupersede = released
      .filter((other) => other.generation >= (latest?.generation ?? Infinity))
      .map(({ id }) => id);
    return [
      ...(own.length === repeated.length ? [`${group.id} has nothing new`] : []),
      ...(missing.length > 0 ? [`${group.id} lacks ${missing.length} of earlier ones`] : []),
      ...(latest !== undefined && !maySupersede.includes(group.supersedes ?? '')
        ? [`${group.id} supersedes ${String(group.supersedes)}, not ${latest.id}`]
        : []),
    ];
  });

/** Nobody but a person releases what is held. */
const holding = (result: SimulationResult): string[] =>
  result.claims.flatMap(({ group, because }) => {
    if (group.held !== true || because === 'manual') return [];
    // What was held because something was missing goes on when it has come.
    if (group.incomplete === true && because === 'complete') return [];
    return because === 'empty' && instancesOf(result, group).length === 0
      ? []
      : [`${group.id} was released by nobody, as ${because}`];
  });

/** What is claimed as complete is so, and what is discarded or held for want of something is not. */
const declarations = ({ groups, settings }: SimulationResult): string[] => {
  const want = settings.complete?.[0]?.count;
  return [...groups.groupItems.values()].flatMap(({ id, closedBecause, late }) => {
    const manifest = groups.manifests.get(id);
    const own = manifest === undefined ? [] : manifestInstances(manifest);
    const count = new Set(own.map(({ sopInstanceUid }) => sopInstanceUid)).size;
    if (closedBecause === 'complete' && (typeof want !== 'number' || count < want)) {
      return [`${id} was not complete (${String(late)})`];
    }
    return closedBecause === 'discarded' && settings.onIncomplete !== 'discard'
      ? [`${id} was discarded`]
      : [];
  });
};

/** Until the manifest is written, from when it was looked who is last: eight calls, of which a slow one takes 8 s at most. */
const sealMs = ({ slowCalls }: Scenario): number => (slowCalls > 0 ? 64_000 : 2000);

/**
 * What came after the window of a held group starts its key afresh; only what was on its way while the group was
 * sealed, because a person released it, may be in the group or in the next one. So may what was stored and never
 * acknowledged: it has opened nothing.
 */
const freshStarts = (result: SimulationResult): string[] => {
  const acknowledged = new Set(result.acknowledged.map(({ objectKey }) => objectKey));
  return [...result.groups.groupItems.values()].flatMap((group) => {
    const next = result.groups.groupItems.get(groupId(group.keyId, group.generation + 1));
    const isOver = group.late === 'hold' && next !== undefined;
    if (!isOver && group.incomplete !== true) return [];
    const { sealedAt = 0 } = result.groups.manifests.get(group.id) ?? {};
    const slack = sealMs(result.scenario);
    // A touch before the end of the window is good for W; of one that was held meanwhile, what was on its way then is in it.
    const lateUntil = (group.lateUntil ?? Infinity) + (isOver ? TOUCH_INTERVAL_MS : slack);
    const later = instancesOf(result, group).filter(
      ({ receivedAt, objectKey }) =>
        acknowledged.has(objectKey) &&
        receivedAt >= lateUntil &&
        Math.abs(receivedAt - sealedAt) > slack,
    );
    return later.length === 0 ? [] : [`${group.id} has what came after its window`];
  });
};

const ends = ({ groups }: SimulationResult): string[] =>
  [...groups.groupItems.values()].flatMap(({ id, state }) =>
    state === 'RELEASED' ? [] : [`${id} is still ${state}`],
  );

/** What the sweep takes for lost (a check 3 s overdue, a claim 10 s old), with a slow call or two. */
const REPAIR_MS = SWEEP_EVERY_MS + VISIBILITY_MS + 20_000;
/** A claim, a wait until it may be sealed, and the calls of a release. */
const RELEASE_MS = 2000;

const isUndisturbed = ({ scenario }: SimulationResult): boolean =>
  [
    ...[scenario.slowCalls, scenario.failedCalls, scenario.lostMessages, scenario.crashes],
    scenario.declared,
  ].every((amount) => amount === 0);

/**
 * Not later than the bound: its due time, which `maxWait` caps, and what the last repair after the last fault takes.
 * Without faults within a moment of the due time.
 */
const bound = (result: SimulationResult): string[] =>
  [...result.groups.groupItems.values()].flatMap((group) => {
    if (group.late === 'hold' || group.incomplete === true || group.releasedAt === undefined) {
      return [];
    }
    const due = dueAt(group);
    if (due > group.capAt) return [`${group.id} is due after its maxWait`];
    // Generations are sealed in order.
    const sealed = Math.max(
      ...[group, ...earlierOf(result, group)].map(({ sealAfter = 0 }) => sealAfter),
    );
    const latest = isUndisturbed(result)
      ? Math.max(due, sealed) + RELEASE_MS
      : Math.max(result.faultsEnd, due, sealed) + REPAIR_MS;
    if (group.closedBecause === 'maxWait' && (group.sealAfter ?? 0) > group.capAt + CAP_SLACK_MS) {
      if (isUndisturbed(result)) return [`${group.id} is sealed long after its maxWait`];
    }
    return group.releasedAt > latest
      ? [`${group.id} was released ${group.releasedAt - latest} ms after its bound`]
      : [];
  });

/** Of a check that comes to a group at its cap, with clocks that differ. */
const CAP_SLACK_MS = 1500;

/** Invariant D: what nobody disturbs is claimed within a second after the quiet time of its last instance. */
const PUNCTUAL_MS = 1000;

/** Of groups that wait for nothing but images, and of which nobody died. */
const delays = (result: SimulationResult): string[] =>
  !isUndisturbed(result)
    ? []
    : result.claims.flatMap(({ group, at, because }) => {
        if (because !== 'quiet' || group.held === true) return [];
        const before = result.acknowledged.filter(
          (ack) => ack.keyId === group.keyId && ack.at <= at && ack.outcome === 'grouped',
        );
        const last = Math.max(...before.map((ack) => ack.at));
        const late = at - last - TIMEOUT_MS;
        return late > PUNCTUAL_MS ? [`${group.id} was claimed ${late} ms late`] : [];
      });

/** None when all invariants hold. */
export const violations = (result: SimulationResult): string[] =>
  [
    declarations,
    membership,
    versions,
    bound,
    delays,
    punctuality,
    ends,
    sessions,
    lateness,
    reruns,
    holding,
    freshStarts,
  ].flatMap((invariant) => invariant(result));
