/**
 * A group's story for a person: who opened it, who sent what in which association, why it closed. Read from what
 * is stored anyway; nothing is written for it. Bounded, however many associations sent to the group.
 */
import type { TimelineEntry } from './api.ts';
import { optionalTime, wasHeld } from './api-conversion.ts';
import { isoTime } from './day.ts';
import { CLOCK_SKEW_MS, dueAt } from './due-time.ts';
import type { GroupItem, ManifestInstance, Sender } from './items.ts';
import { plural } from './plural.ts';

/** Associations that have an entry of their own; those after them share one per calling AE title. */
const MAX_ASSOCIATIONS = 50;

export interface TimelineFacts {
  readonly group: GroupItem;
  readonly instances: readonly Pick<
    ManifestInstance,
    'sopInstanceUid' | 'callingAeTitle' | 'associationId' | 'receivedAt' | 'repeated'
  >[];
  /** Of a group that has a manifest. */
  readonly sealedAt?: number | undefined;
}

type Entry = Omit<Partial<TimelineEntry>, 'at' | 'until' | 'dueAt'> &
  Pick<TimelineEntry, 'event' | 'message'> & {
    at: number;
    until?: number;
    dueAt?: number | undefined;
  };

interface Reception {
  readonly callingAeTitle: string;
  readonly associations: Set<string>;
  first: number;
  last: number;
  count: number;
}

/** Manifests of earlier versions do not say which association it was. */
const onlyOf = (associations: ReadonlySet<string>): string | null =>
  [...associations].find((id) => id !== '') ?? null;

const receptionsOf = ({ instances }: TimelineFacts): Reception[] => {
  const own = instances
    .filter(({ repeated }) => repeated === undefined)
    .toSorted((a, b) => a.receivedAt - b.receivedAt);
  const named = new Set<string>();
  const receptions = new Map<string, Reception>();
  for (const { callingAeTitle, associationId = '', receivedAt } of own) {
    if (named.size < MAX_ASSOCIATIONS) named.add(associationId);
    const id = named.has(associationId) ? associationId : '';
    const key = JSON.stringify([callingAeTitle, id]);
    const reception = receptions.get(key) ?? {
      ...{ callingAeTitle, associations: new Set<string>() },
      ...{ first: receivedAt, last: receivedAt, count: 0 },
    };
    reception.associations.add(associationId);
    reception.last = receivedAt;
    reception.count += 1;
    receptions.set(key, reception);
  }
  return [...receptions.values()];
};

const LATE: Record<NonNullable<GroupItem['late']>, string> = {
  new: 'it came late, after the release of the group before: a new group of the late ones',
  rerun: 'it came late: a new group that repeats what was released within the window',
  hold: 'it came late: kept until a person decides',
};

const CLOSED: Record<NonNullable<GroupItem['closedBecause']>, string> = {
  quiet: 'nothing had come during its quiet time',
  maxWait: 'maxWait had passed since its first instance, although more still came',
  manual: 'a person released it',
  complete: 'all its declared inputs were there',
  discarded: 'its declared inputs were not there in time, and its AE title discards such groups',
  empty: 'nobody belonged to it: its instances were still in time for the group before',
  submitted: 'its job processor submitted these instances',
  composed: 'a person composed it of chosen studies',
};

/** When the group was due after what came last at that time; what was held or made whole has no quiet time. */
const dueAfter = (group: GroupItem, receivedAt: number): number | undefined =>
  wasHeld(group) || group.closedBecause === 'submitted' || group.closedBecause === 'composed'
    ? undefined
    : Math.min(group.capAt, receivedAt + group.timeoutMs + CLOCK_SKEW_MS);

const openedBecause = ({ late, closedBecause }: GroupItem): string => {
  if (closedBecause === 'submitted' || closedBecause === 'composed') return CLOSED[closedBecause];
  return late === undefined ? 'opened by an instance' : LATE[late];
};

const by = (sender: Sender | undefined): Partial<Sender> =>
  sender === undefined
    ? {}
    : { callingAeTitle: sender.callingAeTitle, associationId: sender.associationId };

/** One that came late is held from its opening on, which says so. */
const holding = ({ incomplete, lateUntil = 0, lateWindowMs = 0 }: GroupItem): Entry[] =>
  incomplete === true
    ? [
        {
          at: lateUntil - lateWindowMs,
          event: 'held',
          message: `its time was over before its declared inputs were there: it waits for them until ${isoTime(lateUntil)}, and for a person`,
        },
      ]
    : [];

const closing = (group: GroupItem, sealedAt: number | undefined, facts: TimelineFacts): Entry[] => {
  const { claimedAt, releasedAt, closedBecause = 'quiet', sessions, supersedes } = group;
  const repeated = facts.instances.filter((instance) => instance.repeated === true).length;
  const entries: Entry[] = [];
  if (claimedAt !== undefined) {
    entries.push({ at: claimedAt, event: 'claimed', message: CLOSED[closedBecause] });
  }
  if (sealedAt !== undefined) {
    const repeats = repeated === 0 ? '' : `, ${repeated} of them repeated from earlier groups`;
    const count = facts.instances.length;
    const message = `${plural(count, 'instance')} written down${repeats}`;
    entries.push({ at: sealedAt, event: 'sealed', count, message });
  }
  if (releasedAt !== undefined) {
    const instead = supersedes === undefined ? '' : `; it supersedes ${supersedes}`;
    const started =
      sessions.length === 0 ? 'without a session' : `${plural(sessions.length, 'session')} started`;
    const message = `${CLOSED[closedBecause]}; ${started}${instead}`;
    entries.push({ at: releasedAt, event: 'released', count: sessions.length, message });
  }
  return entries;
};

/** The first event first. */
export const groupTimeline = (facts: TimelineFacts): TimelineEntry[] => {
  const { group, sealedAt } = facts;
  const entries: Entry[] = [
    {
      at: group.openedAt,
      event: 'opened',
      message: openedBecause(group),
      ...by(group.openedBy),
    },
    ...receptionsOf(facts).map(({ callingAeTitle, associations, first, last, count }): Entry => ({
      ...{ at: first, until: last, event: 'received', callingAeTitle, count },
      dueAt: dueAfter(group, last),
      ...(associations.size === 1 ? { associationId: onlyOf(associations) } : {}),
      message: `${plural(count, 'instance')} in ${
        associations.size === 1 ? 'one association' : `${associations.size} further associations`
      }`,
    })),
    ...(group.touchedBy === undefined
      ? []
      : [
          {
            at: group.lastReceivedAt,
            event: 'due-moved',
            message: wasHeld(group)
              ? 'the last one so far; it is never due by itself'
              : `moved the due time last, to ${isoTime(dueAt(group))}`,
            dueAt: wasHeld(group) ? undefined : dueAt(group),
            ...by(group.touchedBy),
          } satisfies Entry,
        ]),
    ...holding(group),
    ...closing(group, sealedAt, facts),
  ];
  return entries
    .toSorted((a, b) => a.at - b.at)
    .map(({ at, until, event, message, callingAeTitle, associationId, count, ...moved }) => ({
      at: isoTime(at),
      until: until === undefined ? null : isoTime(until),
      event,
      message,
      callingAeTitle: callingAeTitle ?? null,
      associationId: associationId ?? null,
      count: count ?? null,
      dueAt: optionalTime(moved.dueAt),
    }));
};
