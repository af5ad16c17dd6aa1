/** What must hold after a simulation of the grouping, whatever happened in it: sentences say what does not. */
import type { GroupItem } from '../../core/contracts/items.ts';
import { executionName, groupId, sessionId } from '../../core/contracts/keys.ts';
import { manifestInstances } from '../../core/processors/manifest.ts';
import { CLOCK_SKEW_MS } from '../../core/processors/timing.ts';
import type { SimulationResult } from './grouping-scenario.ts';
import { TIMEOUT_MS } from './grouping-simulation.ts';

const instancesOf = ({ groups }: SimulationResult, { id }: GroupItem) => {
  const manifest = groups.manifests.get(id);
  return manifest === undefined ? [] : manifestInstances(manifest);
};

/** Of the same key, before this one, the first one first. */
const earlierOf = ({ groups }: SimulationResult, group: GroupItem): GroupItem[] =>
  [...groups.groupItems.values()]
    .filter(({ keyId, generation }) => keyId === group.keyId && generation < group.generation)
    .toSorted((a, b) => a.generation - b.generation);

/** Each acknowledged instance is first in exactly one generation. */
const membership = (result: SimulationResult): string[] => {
  const found: string[] = [];
  const places = new Map<string, string[]>();
  for (const group of result.groups.groupItems.values()) {
    for (const { objectKey, repeated } of instancesOf(result, group)) {
      if (repeated === undefined) {
        places.set(objectKey, [...(places.get(objectKey) ?? []), group.id]);
      }
    }
  }
  for (const { objectKey } of result.acknowledged) {
    const count = places.get(objectKey)?.length ?? 0;
    if (count !== 1) found.push(`acknowledged ${objectKey} is in ${count} manifests`);
  }
  for (const [objectKey, where] of places) {
    if (where.length > 1) found.push(`${objectKey} is in ${where.join(' and ')}`);
  }
  return found;
};

const punctuality = ({ claims, acknowledged }: SimulationResult): string[] =>
  claims.flatMap(({ group, at, because }) => {
    const early = acknowledged.find(
      (ack) =>
        because === 'quiet' &&
        ack.keyId === group.keyId &&
        ack.outcome === 'grouped' &&
        ack.at <= at &&
        at < ack.at + TIMEOUT_MS,
    );
    return early === undefined
      ? []
      : [`${group.id} was claimed ${at - early.at} ms after ${early.objectKey}`];
  });

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
    const certain = earlierOf(result, group)
      .filter((other) => (other.claimedAt ?? 0) > since)
      .filter((other) => instancesOf(result, other).length > 0);
    if (own.length === 0) return [];
    const missing = certain
      .flatMap((other) => instancesOf(result, other))
      .filter(({ objectKey }) => !repeated.includes(objectKey));
    const latest = certain.at(-1)?.id;
    return [
      ...(own.length === repeated.length ? [`${group.id} has nothing new`] : []),
      ...(missing.length > 0 ? [`${group.id} lacks ${missing.length} of earlier ones`] : []),
      ...(latest !== undefined && group.supersedes !== latest
        ? [`${group.id} supersedes ${String(group.supersedes)}, not ${latest}`]
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
    const count = own.filter(({ repeated }) => repeated === undefined).length;
    if (closedBecause === 'complete' && (typeof want !== 'number' || count < want)) {
      return [`${id} was not complete (${String(late)})`];
    }
    return closedBecause === 'discarded' && settings.onIncomplete !== 'discard'
      ? [`${id} was discarded`]
      : [];
  });
};

/** From a person's claim to the manifest, with the slow calls of a simulation. */
const SLOW_RELEASE_MS = 20_000;

/**
 * What came after the window of a held group starts its key afresh; only what was on its way while a person
 * released the group may be in the group or in the next one.
 */
const freshStarts = (result: SimulationResult): string[] =>
  [...result.groups.groupItems.values()].flatMap((group) => {
    const next = result.groups.groupItems.get(groupId(group.keyId, group.generation + 1));
    if (group.late !== 'hold' || next === undefined) return [];
    const later = instancesOf(result, group).filter(
      ({ receivedAt }) =>
        receivedAt >= (group.lateUntil ?? Infinity) &&
        Math.abs(receivedAt - (group.claimedAt ?? 0)) > SLOW_RELEASE_MS,
    );
    return later.length === 0 ? [] : [`${group.id} has what came after its window`];
  });

const ends = ({ groups }: SimulationResult): string[] =>
  [...groups.groupItems.values()].flatMap(({ id, state }) =>
    state === 'RELEASED' ? [] : [`${id} is still ${state}`],
  );

/** None when all invariants hold. */
export const violations = (result: SimulationResult): string[] =>
  [
    declarations,
    membership,
    punctuality,
    ends,
    sessions,
    lateness,
    reruns,
    holding,
    freshStarts,
  ].flatMap((invariant) => invariant(result));
