/** From what the API says of a group and its session to the times between: milliseconds, each from one fact to another. */
import { z } from 'zod';
import type { Group, Job, Session } from '../../core/contracts/api.ts';
import { time } from '../../test/support/gantry.ts';

const SECOND = 1000;

/** Time of the first and the last of them. */
const first = (times: readonly number[]): number => Math.min(...times);
const last = (times: readonly number[]): number => Math.max(...times);

/** A session is measured only if everything in it succeeded. Throws otherwise. */
export const serviceJobs = (session: Session): Job[] => {
  const jobs = session.jobs.filter(({ service }) => service !== null);
  const other = jobs.find(({ state }) => state !== 'SUCCEEDED');
  if (session.state !== 'SUCCEEDED' || other !== undefined) {
    throw new Error(
      `the session ended ${session.state}: ${other?.name ?? ''} ${other?.reason ?? ''}`,
    );
  }
  return jobs;
};

/** Of a session whose callbacks returned the time at which they ran, in seconds. */
export const firstSteps = (group: Group, session: Session) => {
  const due = time(group.dueAt);
  const callbacks = serviceJobs(session).map(({ result }) => z.number().parse(result) * SECOND);
  return {
    release: time(group.releasedAt) - due,
    sessionCreated: time(session.createdAt) - due,
    planned: time(session.startedAt) - due,
    firstCallback: first(callbacks) - due,
  };
};

/** From the first job in its queue to the end of the last. */
export const jobsMs = (session: Session): number => {
  const jobs = serviceJobs(session);
  return last(jobs.map((job) => time(job.endedAt))) - first(jobs.map((job) => time(job.queuedAt)));
};

/** From the first job in its queue to the first callback, by its own clock. */
export const readyToCallbackMs = (session: Session): number => {
  const jobs = serviceJobs(session);
  const callbacks = jobs.map(({ result }) => z.number().parse(result) * SECOND);
  return first(callbacks) - first(jobs.map((job) => time(job.queuedAt)));
};

/** Between two links of a chain: from the end of each to the start of the one after it. */
export const hopsMs = (session: Session): number[] => {
  const links = serviceJobs(session).toSorted((one, other) => one.name.localeCompare(other.name));
  return links
    .slice(1)
    .map((link, index) => time(link.startedAt) - time(links[index]?.endedAt ?? null));
};
