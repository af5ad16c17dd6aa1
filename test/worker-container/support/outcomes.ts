/** Waits for the ends of jobs, and reads what they left. */
import type { JobItem } from '../../../core/contracts/items.ts';
import { objectKeys } from '../../../core/contracts/object-keys.ts';
import { until } from '../../support/until.ts';
import type { EmulatedCloud } from './emulated-cloud.ts';
import type { StoredSession } from './stored-session.ts';

const OPEN = ['WAITING', 'QUEUED', 'RUNNING'];

/** Dispatches a job and waits until it has ended and its token was answered. */
export const runJob = async (
  session: StoredSession,
  index: number,
  timeoutMs = 30_000,
): Promise<JobItem> => {
  const status = await session.dispatch(index);
  const job = await ended(session, index, timeoutMs);
  await until('the execution ends', timeoutMs, async () =>
    (await status()) === 'SUCCEEDED' ? true : undefined,
  );
  return job;
};

export const ended = (session: StoredSession, index: number, timeoutMs = 30_000) =>
  until(`job ${index} ends`, timeoutMs, async () => {
    const job = await session.job(index);
    return job !== undefined && !OPEN.includes(job.state) ? job : undefined;
  });

export const resultOf = (job: JobItem): unknown => JSON.parse(job.resultJson ?? 'null');

export const logOf = async (cloud: EmulatedCloud, job: JobItem): Promise<string> =>
  Buffer.from(
    await cloud.objects.getBytes(objectKeys.jobLog(job.sessionId, job.nodeId, job.attempt)),
  ).toString('utf8');
