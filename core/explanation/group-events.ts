/** A group's part of a story, in sentences: its timeline, told to somebody who asked for a study. */
import type { TimelineEntry } from '../contracts/api.ts';
import { showGroupBy } from '../contracts/api-conversion.ts';
import { isoTime } from '../contracts/day.ts';
import { dueAt } from '../contracts/due-time.ts';
import { groupTimeline, type TimelineFacts } from '../contracts/group-timeline.ts';
import type { GroupItem, InputReport } from '../contracts/items.ts';
import { plural } from '../contracts/plural.ts';
import { inputsText } from '../processors/completeness.ts';
import type { ToldEvent } from './told-event.ts';

const nameOf = ({ groupBy, keyValues, aeTitle, generation }: GroupItem): string => {
  const shown = showGroupBy(groupBy);
  const by = Array.isArray(shown) ? shown.join(' and ') : shown;
  const which = generation === 1 ? '' : `, generation ${String(generation)}`;
  return `The group by ${by} "${keyValues.join('\\')}" of the AE title ${aeTitle}${which}`;
};

const sentenceOf = (entry: TimelineEntry, group: GroupItem): string => {
  const { event, message, callingAeTitle, associationId, until, dueAt: due } = entry;
  const sender = callingAeTitle ?? 'an unknown sender';
  switch (event) {
    case 'opened': {
      // Of what a person composed, or a processor submitted, nobody was the sender.
      const what = callingAeTitle === null ? '' : ` for an instance from ${callingAeTitle}`;
      return `${nameOf(group)} was opened${what}: ${message}.`;
    }
    case 'received':
      return (
        `${sender} sent ${message}${associationId === null ? '' : ` (${associationId})`}` +
        (until === null || until === entry.at ? '' : `, the last at ${until}`) +
        `${due === null ? '' : `; the group was then due at ${due}`}.`
      );
    case 'due-moved':
      return `An instance from ${sender}: ${message}.`;
    case 'held':
      return `The group was held, because ${message}.`;
    case 'claimed':
      return `The group was claimed, because ${message}.`;
    case 'sealed':
      return `The group was sealed: ${message}.`;
    case 'released':
      return `The group was released: ${message}.`;
  }
};

/** Of a group that is not over yet: what it waits for. */
const openEnd = ({ group, instances }: TimelineFacts, now: number): ToldEvent[] => {
  const held = group.held === true;
  if (group.state !== 'COLLECTING' && !held) return [];
  const repeated = instances.filter((instance) => instance.repeated === true).length;
  const repeats = repeated === 0 ? '' : ` (${repeated} of them repeated from earlier groups)`;
  const soFar = `${plural(instances.length, 'instance')} so far${repeats}`;
  const sentence = held
    ? `The group is held, with ${soFar}. To run its pipelines: gantry group release ${group.id}`
    : `The group is still collecting, with ${soFar}; it is due at ${isoTime(dueAt(group))}.`;
  return [{ at: now, what: held ? 'group-held' : 'group-collecting', sentence }];
};

/** Instances of which the group has versions with different bytes. */
const versions = ({ group, instances }: TimelineFacts): ToldEvent[] => {
  const bySopInstance = Map.groupBy(
    instances.filter(({ repeated }) => repeated === undefined),
    ({ sopInstanceUid }) => sopInstanceUid,
  );
  const several = [...bySopInstance.values()].filter(({ length }) => length > 1);
  if (several.length === 0) return [];
  const at = Math.max(...several.flat().map(({ receivedAt }) => receivedAt));
  const sentence =
    `${plural(several.length, 'instance')} came more than once with different bytes, and the group has every ` +
    `version. To decide otherwise: gantry ae-title set '${group.aeTitle}' --duplicates keepFirst|replace`;
  return [{ at, what: 'instances-in-versions', sentence }];
};

/** Which declared inputs the group has: when it was claimed, or now. */
const inputEvents = (
  { group }: TimelineFacts,
  inputs: readonly InputReport[],
  now: number,
): ToldEvent[] =>
  inputs.length === 0
    ? []
    : [
        {
          at: group.claimedAt ?? now,
          what: 'group-inputs',
          sentence: `Of the inputs that the AE title declares, ${inputsText(inputs)}.`,
        },
      ];

/** `now` dates what is so at this moment; `inputs` are the declared ones, if there are any. */
export const groupEvents = (
  facts: TimelineFacts,
  now: number,
  inputs: readonly InputReport[] = [],
): ToldEvent[] =>
  [
    ...inputEvents(facts, inputs, now),
    ...groupTimeline(facts).map((entry): ToldEvent => ({
      at: Date.parse(entry.at),
      what: entry.event === 'received' ? 'instances-received' : `group-${entry.event}`,
      sentence: sentenceOf(entry, facts.group),
    })),
    ...versions(facts),
    ...openEnd(facts, now),
  ].map((event) => ({ ...event, groupId: facts.group.id }));
