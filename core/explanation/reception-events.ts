/**
 * What happened before there was a group, or instead of one: decisions that were recorded, unrouted instances, and
 * those that a job processor has.
 */
import type { AeTitleItem } from '../contracts/configuration.ts';
import { isoTime } from '../contracts/day.ts';
import type { DecisionRecord, InstanceItem, UnroutedItem } from '../contracts/items.ts';
import { CACHE_PROCESSOR } from '../contracts/names.ts';
import { plural } from '../contracts/plural.ts';
import { asSentence, inOneLine, type ToldEvent } from './told-event.ts';

export const decisionEvents = (decisions: readonly DecisionRecord[]): ToldEvent[] =>
  decisions.map(({ at, code, message, callingAeTitle, groupId, sessionId, jobId }) => ({
    ...{ at, what: code, groupId, sessionId, jobId },
    sentence: asSentence(
      callingAeTitle === undefined || message.includes(callingAeTitle)
        ? message
        : `${message} (from ${callingAeTitle})`,
    ),
  }));

const timesOf = (items: readonly Pick<InstanceItem, 'receivedAt'>[]) => {
  const times = items.map(({ receivedAt }) => receivedAt).toSorted((a, b) => a - b);
  const [first = 0, last = first] = [times[0], times.at(-1)];
  return { first, last };
};

/** One event for all that one sender sent to one AE title and that has one reason. */
export const unroutedEvents = (items: readonly UnroutedItem[]): ToldEvent[] => {
  const alike = Map.groupBy(items, ({ aeTitle, callingAeTitle, reason }) =>
    JSON.stringify([aeTitle, callingAeTitle, reason]),
  );
  return [...alike.values()].flatMap((group) => {
    const [item] = group;
    if (item === undefined) return [];
    const { first, last } = timesOf(group);
    return [
      {
        at: first,
        what: 'unrouted',
        sentence:
          `${plural(group.length, 'instance')} from ${item.callingAeTitle} to ${item.aeTitle}, the ` +
          `last at ${isoTime(last)}, ${group.length === 1 ? 'is' : 'are'} in no group: ` +
          `${asSentence(inOneLine(item.reason))} To see what is kept: gantry unrouted list`,
      },
    ];
  });
};

/** Instances that wait for what their AE title's processor, or a person, makes of them. */
export interface Collected {
  readonly settings: Pick<AeTitleItem, 'aeTitle' | 'processor'>;
  readonly instances: readonly InstanceItem[];
}

/** One event for all that one sender sent to an AE title with a job processor of its own. */
export const collectedEvents = ({ settings, instances }: Collected): ToldEvent[] => {
  const { aeTitle, processor } = settings;
  const next =
    processor === CACHE_PROCESSOR
      ? 'A session of them is made by: gantry compose'
      : 'When they make a session is its to say; what it could not take is told by: gantry delivery list';
  const bySender = Map.groupBy(instances, ({ callingAeTitle }) => callingAeTitle);
  return [...bySender].map(([sender, items]) => {
    const { first, last } = timesOf(items);
    const sentence =
      `${sender} sent ${plural(items.length, 'instance')} to ${aeTitle}, the last at ${isoTime(last)}; the ` +
      `processor "${processor}" has ${items.length === 1 ? 'it' : 'them'}. ${next}`;
    return { at: first, what: 'instances-collected', sentence };
  });
};
