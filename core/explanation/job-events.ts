/** A job's part of a story: whether it was planned and why not, when it ran and how that ended. */
import { isShown } from '../contracts/api-conversion.ts';
import type { JobItem, SessionItem } from '../contracts/items.ts';
import { plural } from '../contracts/plural.ts';
import { asSentence, inOneLine, namesOf, type ToldEvent } from './told-event.ts';

const nameOf = ({ name, object }: JobItem): string =>
  object === undefined ? `The job "${name}"` : `The job "${name}" (${object.level} ${object.uid})`;

const longNameOf = ({ name, service, object }: JobItem, verb: string): string => {
  const from = service === undefined ? '' : ` of the service "${service}"`;
  const what = object === undefined ? '' : ` for the ${object.level} ${object.uid}`;
  return `The job "${name}"${from} ${verb}${what}`;
};

const seconds = (from: number | undefined, to: number): string =>
  from === undefined ? '' : ` after ${((to - from) / 1000).toFixed(1)} s`;

/** Decided when the session was planned: it has ended before the session began to run. */
const skippedInPlan = (job: JobItem, plannedAt: number): boolean =>
  job.state === 'SKIPPED' && (job.endedAt ?? 0) <= plannedAt;

/** For every job whether it is to run, in the order of the plan. */
export const planEvents = (jobs: readonly JobItem[], plannedAt: number): ToldEvent[] => {
  const names = new Map(jobs.map(({ nodeId, name }) => [nodeId, name]));
  return jobs
    .filter(({ kind }) => kind === 'job')
    .map((job) => {
      const facts = { at: plannedAt, jobId: job.id };
      if (skippedInPlan(job, plannedAt)) {
        const why = asSentence(inOneLine(job.reason ?? 'no reason was stored'));
        const sentence = `${longNameOf(job, 'does not run')}: ${why}`;
        return { ...facts, what: 'job-skipped', sentence };
      }
      const waitsFor = job.dependsOn.map((node) => names.get(node) ?? node);
      const after = waitsFor.length === 0 ? '' : ` It depends on ${namesOf(waitsFor)}.`;
      const event = job.event === undefined ? '' : ` at ${job.event}`;
      const sentence = `${longNameOf(job, 'is to run')}${event}: its registry callback said yes.${after}`;
      return { ...facts, what: 'job-planned', sentence };
    });
};

const PLATFORM_NODES = {
  'pre-services': "The session's images were looked for",
  'post-services': "The session's data and files were removed",
} as const;

const platformEvent = (job: JobItem, kind: keyof typeof PLATFORM_NODES): ToldEvent[] => {
  if (job.endedAt === undefined) return [];
  const done = kind === 'pre-services' ? `${PLATFORM_NODES[kind]} and found` : PLATFORM_NODES[kind];
  const why = job.reason === undefined ? job.state : inOneLine(job.reason);
  const sentence =
    job.state === 'SUCCEEDED'
      ? `${done} (${kind}).`
      : `The step ${kind} ${job.state === 'SKIPPED' ? 'did not run' : 'failed'}: ${asSentence(why)}`;
  return [{ at: job.endedAt, what: `${kind}-ended`, sentence, jobId: job.id }];
};

const OUTCOMES = {
  SUCCEEDED: 'job-succeeded',
  FAILED: 'job-failed',
  TIMED_OUT: 'job-timed-out',
  CANCELLED: 'job-cancelled',
  SKIPPED: 'job-skipped',
} as const;

const VERBS: Record<keyof typeof OUTCOMES, string> = {
  SUCCEEDED: 'succeeded',
  FAILED: 'failed',
  TIMED_OUT: 'ran out of its time',
  CANCELLED: 'was cancelled',
  SKIPPED: 'does not run',
};

const outcomeOf = ({ resultJson, resultInBucket, error, reason }: JobItem): string => {
  if (error !== undefined) return `: ${asSentence(inOneLine(`${error.type}: ${error.message}`))}`;
  if (reason !== undefined) return `: ${asSentence(inOneLine(reason))}`;
  if (resultInBucket === true) return '; its result is large: gantry job show tells where it is.';
  return resultJson === undefined ? '.' : ` and returned ${inOneLine(resultJson)}`;
};

const isEnd = (state: JobItem['state']): state is keyof typeof OUTCOMES => state in OUTCOMES;

const endEvent = (job: JobItem, plannedAt: number): ToldEvent[] => {
  if (job.endedAt === undefined || !isEnd(job.state) || skippedInPlan(job, plannedAt)) return [];
  const took = seconds(job.startedAt, job.endedAt);
  const sentence = `${nameOf(job)} ${VERBS[job.state]}${took}${outcomeOf(job)}`;
  return [{ at: job.endedAt, what: OUTCOMES[job.state], sentence, jobId: job.id }];
};

const attemptOf = ({ attempt, lostAttempts }: JobItem): string => {
  if (attempt <= 1) return '';
  const lost = lostAttempts === 0 ? '' : `, ${plural(lostAttempts, 'attempt')} lost with a runner`;
  return ` (attempt ${String(attempt)}${lost})`;
};

const triedEvents = (job: JobItem): ToldEvent[] =>
  (job.failedTries ?? []).map(({ attempt, reason, startedAt, endedAt }) => {
    const when = `in attempt ${String(attempt)}${seconds(startedAt, endedAt)}`;
    const sentence = `${nameOf(job)} failed ${when} and is tried again: ${asSentence(inOneLine(reason))}`;
    return { at: endedAt, what: 'job-tried-again', sentence, jobId: job.id };
  });

const jobRunEvents = (job: JobItem, plannedAt: number): ToldEvent[] => {
  if (job.kind === 'pre-services' || job.kind === 'post-services') {
    return platformEvent(job, job.kind);
  }
  const { worker, queuedAt, startedAt, state, reason } = job;
  const events: ToldEvent[] = [];
  if (queuedAt !== undefined) {
    const where = worker === undefined ? '' : ` of the worker "${worker}"`;
    const waits = state === 'QUEUED' && reason !== undefined ? ` ${asSentence(reason)}` : '';
    const sentence = `${nameOf(job)} was queued for a runner${where}.${waits}`;
    events.push({ at: queuedAt, what: 'job-queued', sentence, jobId: job.id });
  }
  if (startedAt !== undefined) {
    const sentence = `${nameOf(job)} started${attemptOf(job)}.`;
    events.push({ at: startedAt, what: 'job-started', sentence, jobId: job.id });
  }
  return [...events, ...triedEvents(job), ...endEvent(job, plannedAt)];
};

/** What became of the jobs of the plan. */
export const runEvents = (jobs: readonly JobItem[], plannedAt: number): ToldEvent[] =>
  jobs.filter(isShown).flatMap((job) => jobRunEvents(job, plannedAt));

/** How many are to run, as it was planned. */
export const plannedCounts = (
  jobs: readonly JobItem[],
  { startedAt = 0 }: Pick<SessionItem, 'startedAt'>,
) => {
  const all = jobs.filter(({ kind }) => kind === 'job');
  const skipped = all.filter((job) => skippedInPlan(job, startedAt)).length;
  return { runs: all.length - skipped, skipped };
};
