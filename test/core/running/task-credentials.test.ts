/** Who gets credentials of a docker job, and who does not. */
import { describe, expect, it } from 'vitest';
import { executionName, nodeId } from '../../../core/contracts/keys.ts';
import type { RenewedCredentials } from '../../../core/contracts/task-credentials.ts';
import {
  credentialsOf,
  renewCredentials,
  type TaskCredentialsDependencies,
} from '../../../core/running/task-credentials.ts';
import { memorySessions } from '../../support/memory-sessions.ts';
import { aNode, aSession } from '../../support/sessions.ts';

const running = async () => {
  const sessions = memorySessions();
  const session = aSession({ state: 'PLANNING' });
  await sessions.createSession(session);
  await sessions.storePlan(session, [aNode(session.id, 0), aNode(session.id, 1)], [], 1);
  await sessions.queueJob(session.id, nodeId(0), 2);
  await sessions.queueJob(session.id, nodeId(1), 2);
  const lease = await sessions.leaseJob(session.id, nodeId(0), 1, 'task', 3);
  if (lease.outcome !== 'leased') throw new Error('not leased');
  const issued: { name: string; policy: string }[] = [];
  const renewed: RenewedCredentials[] = [];
  const credentials = {
    ...{ accessKeyId: 'A', secretAccessKey: 'S', sessionToken: 'T', expiresAt: 9 },
  };
  const deps: TaskCredentialsDependencies = {
    sessions,
    manifestOf: (groupId) =>
      Promise.resolve({ groupId, aeTitle: 'CT', groupBy: [], sealedAt: 1, series: [] }),
    issue: (name, policy) => {
      issued.push({ name, policy: JSON.stringify(policy) });
      return Promise.resolve(credentials);
    },
    putRenewed: (_session, _node, one) => {
      renewed.push(one);
      return Promise.resolve();
    },
    site: { tableArn: 'arn:table', bucketArn: 'arn:bucket', tasksQueueArn: 'arn:queue' },
  };
  const { job } = lease;
  const request = { jobId: job.id, run: job.run, attempt: job.attempt };
  const holder = executionName(job.id, job.run);
  return { deps, sessions, session, job, request, holder, issued, renewed, credentials };
};

describe('credentials of a docker job', () => {
  it('are issued under the name of its run, and bounded to its session', async () => {
    const { deps, job, session, issued } = await running();

    await credentialsOf(deps, job);

    expect(issued.map(({ name }) => name)).toEqual([executionName(job.id, job.run)]);
    expect(issued[0]?.policy).toContain(`S#${session.id}`);
  });

  it('are renewed for the attempt that is at work', async () => {
    const { deps, request, holder, renewed, credentials } = await running();

    expect(await renewCredentials(deps, request, holder)).toBe('renewed');

    expect(renewed).toEqual([{ attempt: request.attempt, credentials }]);
  });

  it('are refused to who holds those of another job, or none', async () => {
    const { deps, request, session, issued } = await running();
    const others = [executionName(`${session.id}-${nodeId(1)}`, 1), '', 'gantry-advance'];

    for (const holder of others) {
      expect(await renewCredentials(deps, request, holder)).toBe('refused');
    }
    expect(issued).toEqual([]);
  });

  it('are refused to an attempt that does not count any more, and after the end of the job', async () => {
    const { deps, sessions, job, request, holder } = await running();

    const earlier = { ...request, attempt: request.attempt - 1 };
    expect(await renewCredentials(deps, earlier, holder)).toBe('refused');

    const { sessionId, attempt } = job;
    await sessions.finishJob(sessionId, job.nodeId, attempt, { state: 'SUCCEEDED' }, 5);
    expect(await renewCredentials(deps, request, holder)).toBe('refused');
  });
});
