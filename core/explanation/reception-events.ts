/** What happened before there was a group, or instead of one: decisions that were recorded, and unrouted instances. */
import type { DecisionRecord, UnroutedItem } from '../contracts/items.ts';
import { isoTime } from '../contracts/api-conversion.ts';
import { asSentence, inOneLine, plural, type ToldEvent } from './told-event.ts';

export const decisionEvents = (decisions: readonly DecisionRecord[]): ToldEvent[] =>
  decisions.map(({ at, code, message, callingAeTitle, groupId, sessionId, jobId }) => ({
    ...{ at, what: code, groupId, sessionId, jobId },
    sentence: asSentence(
      callingAeTitle === undefined || message.includes(callingAeTitle)
        ? message
        : `${message} (from ${callingAeTitle})`,
    ),
  }));

/** One event for all that one sender sent to one AE title and that has one reason. */
export const unroutedEvents = (items: readonly UnroutedItem[]): ToldEvent[] => {
  const alike = Map.groupBy(items, ({ aeTitle, callingAeTitle, reason }) =>
    JSON.stringify([aeTitle, callingAeTitle, reason]),
  );
  return [...alike.values()].flatMap((group) => {
    const [item] = group;
    if (item === undefined) return [];
    const times = group.map(({ receivedAt }) => receivedAt).toSorted((a, b) => a - b);
    const [first = 0, last = first] = [times[0], times.at(-1)];
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
