/** What a person does to sessions and jobs: cancel them, or try again what did not go well. */
import { Job, RetryRequest, Session } from '../../../core/contracts/api.ts';
import { isShown, toJob, toSession } from '../../../core/contracts/api-conversion.ts';
import type { DecisionRecord, JobItem, SessionItem } from '../../../core/contracts/items.ts';
import { parseJobId } from '../../../core/contracts/keys.ts';
import { cancelJob, cancelSession } from '../../../core/running/cancel.ts';
import type { RetryWish } from '../../../core/running/retry-graph.ts';
import { retrySession } from '../../../core/running/retry-session.ts';
import type { ApiContext } from '../context.ts';
import { ApiProblem, notFound } from '../problems.ts';
import { route } from '../router.ts';

const idsOf = (id: string): { sessionId: string; nodeId: string } => {
  const ids = parseJobId(id);
  if (ids === undefined) throw notFound('job', id);
  return ids;
};

/** That a person did this is part of the session's story; recorded again, it is the same record. */
const record = (
  { groups, clock }: ApiContext,
  session: SessionItem,
  what: Pick<DecisionRecord, 'code' | 'message' | 'jobId'>,
): Promise<void> =>
  groups.recordDecision({
    id: `${what.jobId ?? session.id}-${what.code}-${String(session.run)}`,
    at: clock(),
    aeTitle: session.aeTitle,
    groupId: session.groupId,
    sessionId: session.id,
    ...what,
  });

const present = async (context: ApiContext, session: SessionItem): Promise<{ json: Session }> => ({
  json: toSession(session, await context.sessions.getJobs(session.id)),
});

const retry = async (
  context: ApiContext,
  sessionId: string,
  wish: RetryWish,
): Promise<SessionItem> => {
  const retried = await retrySession(context, sessionId, wish);
  if (retried.outcome === 'not-found') throw notFound('session', sessionId);
  if (retried.outcome === 'impossible') {
    const { message, remedy } = retried;
    throw new ApiProblem('not-retryable', [{ message, remedy }]);
  }
  const { session, jobs } = retried;
  const what = jobs === 0 ? 'It is planned once more.' : `${String(jobs)} of its jobs run again.`;
  await record(context, session, {
    code: 'session-retried',
    message: `A person had the session tried again: run ${String(session.run)}. ${what}`,
  });
  return session;
};

const shownJob = async (context: ApiContext, id: string): Promise<JobItem> => {
  const { sessionId, nodeId } = idsOf(id);
  const job = await context.sessions.getJob(sessionId, nodeId);
  if (job === undefined || !isShown(job)) throw notFound('job', id);
  return job;
};

export const controlRoutes = [
  route({
    method: 'POST',
    path: '/sessions/{id}/cancel',
    operation: 'cancelSession',
    summary: 'Ends every job of the session that has not ended, then the session, soon',
    response: Session,
    handle: async (context, { parameters: { id } }) => {
      const cancelled = await cancelSession(context, id);
      if (cancelled.outcome === 'not-found') throw notFound('session', id);
      const session = cancelled.item;
      if (cancelled.outcome === 'ended') {
        throw new ApiProblem('not-cancellable', [
          {
            message: `the session has ended: it is ${session.state}`,
            remedy: `see: gantry session show ${id}`,
          },
        ]);
      }
      await record(context, session, {
        code: 'session-cancelled',
        message: 'A person had the session cancelled.',
      });
      return present(context, session);
    },
  }),
  route({
    method: 'POST',
    path: '/sessions/{id}/retry',
    operation: 'retrySession',
    summary:
      'Runs what failed, timed out or was cancelled again, and what was skipped because of it',
    body: RetryRequest,
    response: Session,
    handle: async (context, { parameters: { id }, body }) =>
      present(context, await retry(context, id, body)),
  }),
  route({
    method: 'POST',
    path: '/jobs/{id}/cancel',
    operation: 'cancelJob',
    summary: 'Ends a job that has not ended; what depends on it is skipped',
    response: Job,
    handle: async (context, { parameters: { id } }) => {
      const job = await shownJob(context, id);
      const session = await context.sessions.getSession(job.sessionId);
      if (session === undefined) throw notFound('session', job.sessionId);
      const cancelled = await cancelJob(context, job.sessionId, job.nodeId);
      if (cancelled.outcome === 'not-found') throw notFound('job', id);
      if (cancelled.outcome === 'ended') {
        const { state, kind, name } = cancelled.item;
        throw new ApiProblem('not-cancellable', [
          kind === 'job'
            ? {
                message: `the job has ended: it is ${state}`,
                remedy: `see: gantry job show ${id}`,
              }
            : {
                message: `${name} is the platform's own`,
                remedy: `cancel its session: gantry session cancel ${job.sessionId}`,
              },
        ]);
      }
      await record(context, session, {
        code: 'job-cancelled',
        message: `A person had the job "${job.name}" cancelled.`,
        jobId: id,
      });
      return { json: toJob(cancelled.item) };
    },
  }),
  route({
    method: 'POST',
    path: '/jobs/{id}/retry',
    operation: 'retryJob',
    summary: 'Runs a job of an ended session again, and what was skipped because of it',
    response: Job,
    handle: async (context, { parameters: { id } }) => {
      const { sessionId } = await shownJob(context, id);
      await retry(context, sessionId, { job: id });
      return { json: toJob(await shownJob(context, id)) };
    },
  }),
];
