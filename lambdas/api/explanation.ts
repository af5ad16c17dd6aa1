/** Puts a story together from what is stored: groups with their sessions and jobs, decisions, unrouted instances. */
import type { ExplanationEvent } from '../../core/contracts/api-explanation.ts';
import type { ServiceItem } from '../../core/contracts/configuration.ts';
import { DAY_MS, dayOf } from '../../core/contracts/day.ts';
import {
  DecisionRecord,
  UnroutedItem,
  type GroupItem,
  type SessionItem,
} from '../../core/contracts/items.ts';
import { sessionId, stateIndexKeys, tableKeys } from '../../core/contracts/keys.ts';
import { DEFAULT_PIPELINE } from '../../core/contracts/names.ts';
import { groupEvents } from '../../core/explanation/group-events.ts';
import {
  collectedEvents,
  decisionEvents,
  unroutedEvents,
} from '../../core/explanation/reception-events.ts';
import { inputReports } from '../../core/processors/completeness.ts';
import { sessionEvents } from '../../core/explanation/session-events.ts';
import { inOrder, type ToldEvent } from '../../core/explanation/told-event.ts';
import { collectedOf } from './collected-instances.ts';
import type { ApiContext } from './context.ts';
import { groupsNamed, isOf, studiesNamed } from './explained-groups.ts';
import { getGroup, membersOf } from './group-members.ts';
import { ApiProblem, notFound } from './problems.ts';
/** Decisions are looked for on so many days before now, and on so many of each group. */
const DAYS = 7;
/** The latest unrouted instances that are looked through. */
const MAX_UNROUTED = 1000;

const daysAround = (now: number, groups: readonly GroupItem[]): string[] => {
  const recent = Array.from({ length: DAYS }, (_, index) => dayOf(now - index * DAY_MS));
  const ofGroups = groups.flatMap(({ openedAt, releasedAt = openedAt }) => {
    const count = Math.min(DAYS, Math.floor((releasedAt - openedAt) / DAY_MS) + 3);
    return Array.from({ length: count }, (_, index) => dayOf(openedAt + (index - 1) * DAY_MS));
  });
  return [...new Set([...recent, ...ofGroups])];
};

const decisionsOf = async (
  { table, clock }: ApiContext,
  groups: readonly GroupItem[],
  isWanted: (record: DecisionRecord) => boolean,
): Promise<DecisionRecord[]> => {
  const days = await Promise.all(
    daysAround(clock(), groups).map((day) =>
      table.queryAll(tableKeys.decisionPartition(day), day, DecisionRecord),
    ),
  );
  return days.flat().filter(isWanted);
};

/** Also those of a group whose release is under way: its item does not name them yet. */
const sessionsOf = async (
  { sessions }: ApiContext,
  { id, pipelines, sessions: named }: GroupItem,
): Promise<SessionItem[]> => {
  const names = Object.keys(pipelines);
  const expected = (names.length === 0 ? [DEFAULT_PIPELINE] : names).map((name) =>
    sessionId(id, name),
  );
  const ids = [...new Set([...named, ...expected])];
  const items = await Promise.all(ids.map((session) => sessions.getSession(session)));
  return items.filter((item) => item !== undefined);
};

const storyOfSession = async (
  context: ApiContext,
  session: SessionItem,
  groupBy: readonly string[],
  installed: readonly ServiceItem[],
): Promise<ToldEvent[]> => {
  const [jobs, configured] = await Promise.all([
    context.sessions.getJobs(session.id),
    context.configuration.pipelines.get(session.pipeline),
  ]);
  // Every installation has this one without anybody having set it.
  const everything = session.pipeline === DEFAULT_PIPELINE ? { services: [] } : undefined;
  return sessionEvents({ session, jobs, groupBy, installed, pipeline: configured ?? everything });
};

/** A group's story, and its sessions' that are `wanted`. */
const storyOfGroup = async (
  context: ApiContext,
  group: GroupItem,
  wanted: (session: SessionItem) => boolean,
) => {
  const [{ manifest, items = [] }, sessions, installed] = await Promise.all([
    membersOf(context, group),
    sessionsOf(context, group),
    context.configuration.services.list(),
  ]);
  const instances = manifest?.series.flatMap((series) => series.instances) ?? items;
  const told = await Promise.all(
    sessions
      .filter(wanted)
      .map((session) => storyOfSession(context, session, group.groupBy, installed)),
  );
  const facts = { group, instances, sealedAt: manifest?.sealedAt };
  const inputs =
    group.state === 'COLLECTING'
      ? await inputReports(group.complete ?? [], items)
      : (group.inputs ?? []);
  return {
    events: [...groupEvents(facts, context.clock(), inputs), ...told.flat()],
    sessions: sessions.map(({ id }) => id),
    series: manifest?.series ?? [],
  };
};

/** Throws the problem when there is no such session. */
export const explainSession = async (
  context: ApiContext,
  id: string,
): Promise<ExplanationEvent[]> => {
  const session = await context.sessions.getSession(id);
  if (session === undefined) throw notFound('session', id);
  const group = await getGroup(context, session.groupId);
  const [{ events }, decisions] = await Promise.all([
    storyOfGroup(context, group, (item) => item.id === id),
    decisionsOf(
      context,
      [group],
      ({ groupId, sessionId: of }) => of === id || (groupId === group.id && of === undefined),
    ),
  ]);
  return inOrder([...decisionEvents(decisions), ...events]);
};

/** `text`: a Study Instance UID, a Patient ID or an accession number. Throws the problem when nothing is known of it. */
export const explainText = async (
  context: ApiContext,
  text: string,
): Promise<ExplanationEvent[]> => {
  const [groups, collected, unrouted] = await Promise.all([
    groupsNamed(context, text),
    collectedOf(context, text),
    context.table.queryState(stateIndexKeys.unrouted, UnroutedItem, {
      newestFirst: true,
      limit: MAX_UNROUTED,
    }),
  ]);
  const stories = await Promise.all(
    groups.map((group) => storyOfGroup(context, group, () => true)),
  );
  const apart = unrouted.filter((item) => isOf(item, text));
  const studies = new Set([
    text,
    ...stories.flatMap(({ series }) => studiesNamed(series, text)),
    ...[...collected.flatMap(({ instances }) => instances), ...apart].map(
      ({ studyInstanceUid }) => studyInstanceUid,
    ),
  ]);
  const related = new Set([
    ...groups.map(({ id }) => id),
    ...stories.flatMap(({ sessions }) => sessions),
  ]);
  const decisions = await decisionsOf(
    context,
    groups,
    ({ studyInstanceUid, groupId, sessionId: session }) =>
      [studyInstanceUid].some((uid) => uid !== undefined && uid !== '' && studies.has(uid)) ||
      [groupId, session].some((id) => id !== undefined && related.has(id)),
  );
  const events = [
    ...decisionEvents(decisions),
    ...unroutedEvents(apart),
    ...collected.flatMap(collectedEvents),
    ...stories.flatMap((story) => story.events),
  ];
  if (events.length > 0) return inOrder(events);
  throw new ApiProblem('not-found', [
    {
      message: `nothing was received of a study, a patient or an accession "${text}"`,
      remedy: 'gantry decision list tells which associations were refused',
    },
  ]);
};
