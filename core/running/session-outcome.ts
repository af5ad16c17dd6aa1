/** How a session has ended, from how its jobs have. */
import type { JobItem, SessionItem } from '../contracts/items.ts';
import type { SessionState } from '../contracts/vocabulary.ts';
import { isFailedJobState, isTerminalJobState } from './states.ts';

export type SessionOutcome =
  | {
      readonly state: Extract<SessionState, 'SUCCEEDED' | 'FAILED' | 'CANCELLED' | 'EMPTY'>;
      readonly reason?: string;
    }
  /** Not every job has ended. */
  | { readonly state: 'RUNNING' };

type OutcomeJob = Pick<JobItem, 'kind' | 'name' | 'state' | 'broken'>;

const MAX_NAMES = 5;

const problemOf = (job: OutcomeJob): string | undefined => {
  if (job.broken === true) return 'could not be asked: its registry callback broke';
  if (job.state === 'TIMED_OUT') return 'exceeded its time limit';
  return isFailedJobState(job.state) ? 'failed' : undefined;
};

const listed = (texts: readonly string[]): string =>
  texts.length <= MAX_NAMES
    ? texts.join(', ')
    : `${texts.slice(0, MAX_NAMES).join(', ')} and ${texts.length - MAX_NAMES} more`;

/** `"segment" failed (3 of 5 objects)`: a job definition has a job for each object. */
const describeProblems = (jobs: readonly OutcomeJob[]): string => {
  const counts = new Map<string, { name: string; problem: string; count: number }>();
  for (const job of jobs) {
    const problem = problemOf(job);
    if (problem === undefined) continue;
    const key = JSON.stringify([job.name, problem]);
    const entry = counts.get(key) ?? { name: job.name, problem, count: 0 };
    entry.count += 1;
    counts.set(key, entry);
  }
  const total = (name: string): number => jobs.filter((job) => job.name === name).length;
  const texts = [...counts.values()].map(({ name, problem, count }) => {
    const of = total(name);
    const share = of === 1 ? '' : ` (${count} of ${of} objects)`;
    return `"${name}" ${problem}${share}`;
  });
  return `${listed(texts)}.`;
};

/** `planned.reason` is what planning left: why nothing applied; `cancelledAt`, that a person wanted its end. */
export const sessionOutcome = (
  jobs: readonly OutcomeJob[],
  planned: Pick<SessionItem, 'reason' | 'cancelledAt'>,
): SessionOutcome => {
  const shown = jobs.filter((job) => job.kind !== 'barrier');
  if (!shown.every((job) => isTerminalJobState(job.state))) return { state: 'RUNNING' };
  const cancelled = shown.filter((job) => job.state === 'CANCELLED');
  if (planned.cancelledAt !== undefined && cancelled.length > 0) {
    const jobs = shown.filter((job) => job.kind === 'job').length;
    return {
      state: 'CANCELLED',
      reason: `The session was cancelled; ${cancelled.length} of ${jobs} jobs had not ended.`,
    };
  }
  if (shown.some((job) => problemOf(job) !== undefined)) {
    return { state: 'FAILED', reason: describeProblems(shown) };
  }
  if (cancelled.length > 0) {
    const names = [...new Set(cancelled.map((job) => `"${job.name}"`))];
    return { state: 'CANCELLED', reason: `Cancelled: ${listed(names)}.` };
  }
  const services = shown.filter((job) => job.kind === 'job');
  if (services.every((job) => job.state === 'SKIPPED')) {
    const reason =
      planned.reason ??
      (services.length === 0
        ? 'No job of the installed services is for an event of this group.'
        : 'Every job was skipped; each has its reason.');
    return { state: 'EMPTY', reason };
  }
  return { state: 'SUCCEEDED' };
};
