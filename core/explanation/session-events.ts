/**
 * A session's part of a story: its pipeline, what was planned for which object, what was never asked because
 * its event did not fire, what ran, and how it ended.
 */
import { showGroupBy } from '../contracts/api-conversion.ts';
import type { PipelineItem, ServiceItem } from '../contracts/configuration.ts';
import type { JobItem, SessionItem } from '../contracts/items.ts';
import { plural } from '../contracts/plural.ts';
import type { StableEvent } from '../contracts/vocabulary.ts';
import { servicesOfPipeline } from '../planning/candidates.ts';
import { eventsOfGroup } from '../planning/events.ts';
import { plannedCounts, planEvents, runEvents } from './job-events.ts';
import { asSentence, inOneLine, namesOf, type ToldEvent } from './told-event.ts';

export interface SessionFacts {
  readonly session: SessionItem;
  readonly jobs: readonly JobItem[];
  readonly groupBy: readonly string[];
  /** As they are configured now. Undefined: the pipeline is not there any more. */
  readonly pipeline: Pick<PipelineItem, 'services'> | undefined;
  readonly installed: readonly ServiceItem[];
}

/** The smallest groups for which an event fires. */
const GROUP_BY_OF: Record<StableEvent, string> = {
  'stable-series': 'Series',
  'stable-study': 'Study',
  'stable-patient': 'Patient',
};

const groupText = (groupBy: readonly string[]): string => {
  const shown = showGroupBy(groupBy);
  return Array.isArray(shown) ? shown.join(' and ') : shown;
};

/** For a command line: an AE title may have spaces in it. */
const quoted = (aeTitle: string): string =>
  /^[A-Za-z0-9_.-]+$/.test(aeTitle) ? aeTitle : `'${aeTitle.replaceAll("'", `'\\''`)}'`;

/** Jobs that nobody asked, for what is not complete yet at this group's release is no event of it. */
const notFired = (facts: SessionFacts, services: readonly ServiceItem[], at: number) => {
  const { groupBy, session } = facts;
  const fired = eventsOfGroup(groupBy);
  return services.flatMap((service) =>
    service.jobs.flatMap(({ jobName, events }) =>
      events
        .filter((event) => !fired.includes(event))
        .map((event): ToldEvent => {
          const wanted = GROUP_BY_OF[event];
          const sentence =
            `The job "${jobName}" of the service "${service.name}" was not asked at ${event}: a group by ` +
            `${groupText(groupBy)} fires ${fired.join(' and ')} only. To let it run: ` +
            `gantry ae-title set ${quoted(session.aeTitle)} --group-by ${wanted}`;
          return { at, what: 'job-event-not-fired', sentence };
        }),
    ),
  );
};

/** What the installed services have to do with it; their jobs that were planned are told from the plan. */
const serviceEvents = (facts: SessionFacts, at: number): ToldEvent[] => {
  const { session, pipeline, installed } = facts;
  if (pipeline === undefined) return [];
  const { services } = servicesOfPipeline(installed, pipeline);
  // What was installed later was not there to be asked.
  const [before, later] = [
    services.filter(({ installedAt }) => installedAt <= at),
    services.filter(({ installedAt }) => installedAt > at),
  ];
  const outside = installed.filter((service) => !services.includes(service));
  return [
    ...(outside.length === 0
      ? []
      : [
          {
            at,
            what: 'services-not-in-pipeline',
            sentence: `Not asked, because the pipeline "${session.pipeline}" does not name them: the services ${namesOf(outside.map(({ name }) => name))}.`,
          },
        ]),
    ...(later.length === 0
      ? []
      : [
          {
            at,
            what: 'services-installed-later',
            sentence: `Not asked, because they were installed afterwards: the services ${namesOf(later.map(({ name }) => name))}.`,
          },
        ]),
    ...notFired(facts, before, at),
  ];
};

const endEvent = ({ session }: SessionFacts): ToldEvent[] => {
  const { endedAt, createdAt, state, reason } = session;
  if (endedAt === undefined) return [];
  const took = ((endedAt - createdAt) / 1000).toFixed(1);
  const why = reason === undefined ? '.' : `: ${asSentence(inOneLine(reason))}`;
  const sentence = `The session ended as ${state} after ${took} s${why}`;
  return [{ at: endedAt, what: 'session-ended', sentence }];
};

const planned = (facts: SessionFacts): ToldEvent[] => {
  const { session, jobs } = facts;
  const { startedAt } = session;
  if (startedAt === undefined) return [];
  const { runs, skipped } = plannedCounts(jobs, session);
  const fired = eventsOfGroup(facts.groupBy).join(', ');
  const verb = (count: number, one: string, many: string) => (count === 1 ? one : many);
  const sentence =
    `The session was planned for ${fired}: ${plural(runs, 'job')} ${verb(runs, 'is', 'are')} to run, ` +
    `${String(skipped)} ${verb(skipped, 'does', 'do')} not.`;
  return [
    { at: startedAt, what: 'session-planned', sentence },
    ...planEvents(jobs, startedAt),
    ...serviceEvents(facts, startedAt),
    ...runEvents(jobs, startedAt),
  ];
};

export const sessionEvents = (facts: SessionFacts): ToldEvent[] => {
  const { id, groupId, pipeline, pipelineName, createdAt, priority, instanceCount } = facts.session;
  const name = pipelineName === pipeline ? '' : `, which the AE title calls "${pipelineName}"`;
  const created: ToldEvent = {
    at: createdAt,
    what: 'session-created',
    sentence: `A session of the pipeline "${pipeline}"${name} was created for ${plural(instanceCount, 'instance')}, with priority ${priority}.`,
  };
  return [created, ...planned(facts), ...endEvent(facts)].map((event) => ({
    ...event,
    groupId,
    sessionId: id,
  }));
};
