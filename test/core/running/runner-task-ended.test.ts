/** Tasks of runners that have stopped. */
import { describe, expect, it } from 'vitest';
import { nodeId } from '../../../core/contracts/keys.ts';
import { runnerTaskEnded } from '../../../core/running/runner-task-ended.ts';
import { memoryQueues, memoryRunners } from '../../support/memory-cloud.ts';
import { memorySessions } from '../../support/memory-sessions.ts';
import { aNode, aSession } from '../../support/sessions.ts';

const site = async () => {
  const sessions = memorySessions();
  const session = aSession();
  await sessions.createSession(session);
  await sessions.storePlan(session, [aNode(session.id, 0, { worker: 'lung' })], [], 1);
  await sessions.queueJob(session.id, nodeId(0), 2);
  const [queues, runners] = [memoryQueues(), memoryRunners()];
  const workers = { list: () => Promise.resolve([{ name: 'default' }, { name: 'lung' }]) };
  await runners.addLease({ worker: 'lung', runnerId: 'one', leaseUntil: 1e12 });
  const deps = { sessions, queues, runners, workers, advanceQueueUrl: 'queue/advance' };
  const look = (delaySeconds: number) => ({
    ...{ queueUrl: 'queue/advance', message: { ensureRunner: { worker: 'lung' } }, delaySeconds },
  });
  const reason = async () => (await sessions.getJob(session.id, nodeId(0)))?.reason;
  return { deps, queues, runners, look, reason };
};

describe('the end of a runner’s task', () => {
  it('takes the lease of one that could not start, says why on the jobs of its worker, and looks again', async () => {
    const { deps, queues, runners, look, reason } = await site();
    const stopped = {
      ...{ stopCode: 'TaskFailedToStart', stoppedReason: 'RESOURCE:GPU', containers: [] },
    };

    expect(await runnerTaskEnded(deps, 'one', stopped)).toBe('noted');

    expect(runners.leases.size).toBe(0);
    expect(await reason()).toContain('RESOURCE:GPU');
    expect(queues.sent).toEqual([look(30)]);
  });

  it('replaces one that was taken away with its machine at once', async () => {
    const { deps, queues, runners, look } = await site();
    const stopped = { stopCode: 'SpotInterruption', containers: [] };

    expect(await runnerTaskEnded(deps, 'one', stopped)).toBe('replaced');
    expect(await runnerTaskEnded(deps, 'one', stopped)).toBe('ended');

    expect(runners.leases.size).toBe(0);
    expect(queues.sent).toEqual([look(0)]);
  });
});
