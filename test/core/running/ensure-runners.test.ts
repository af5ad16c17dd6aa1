import { describe, expect, it } from 'vitest';
import {
  ensureRunners,
  type EnsureRunnersDependencies,
} from '../../../core/running/ensure-runners.ts';
import { runnersNeeded, START_LEASE_MS } from '../../../core/running/runner-pool.ts';
import { memoryQueues, memoryRunners, memoryTasks } from '../../support/memory-cloud.ts';
import { memorySessions } from '../../support/memory-sessions.ts';
import { aNode, aSession } from '../../support/sessions.ts';

const NOW = 5_000_000;

const pool = (facts: { slots?: number; maxRunners?: number } = {}) => {
  const state: { refusal: Error | undefined } = { refusal: undefined };
  const queues = memoryQueues();
  const tasks = memoryTasks(() => state.refusal);
  const runners = memoryRunners();
  const sessions = memorySessions();
  const worker = { name: 'default', type: 'default', slots: 2, maxRunners: 4, ...facts } as const;
  const deps: EnsureRunnersDependencies = {
    queues,
    tasks,
    runners,
    sessions,
    workers: { get: (name) => Promise.resolve(name === 'default' ? worker : undefined) },
    workQueueUrlPrefix: 'queue/work-',
    advanceQueueUrl: 'queue/advance',
    runnerFamily: 'runner',
    onNotStarted: () => undefined,
    clock: () => NOW,
  };
  const backlog = (waiting: number, inFlight = 0) => {
    queues.depths.set('queue/work-default-normal', { waiting, inFlight, delayed: 0 });
  };
  return { deps, state, queues, tasks, runners, sessions, backlog };
};
const lookAgain = (delaySeconds: number) => ({
  queueUrl: 'queue/advance',
  message: { ensureRunner: { worker: 'default' } },
  delaySeconds,
});

describe('runnersNeeded', () => {
  it.each([
    [0, 0],
    [1, 1],
    [4, 1],
    [5, 2],
    [100, 3],
  ])('has for a backlog of %i jobs %i runners with 4 slots, and at most 3', (backlog, need) => {
    expect(runnersNeeded(backlog, { slots: 4, maxRunners: 3 })).toBe(need);
  });
});

describe('ensureRunners', () => {
  it('starts as many runners as the backlog needs, each with a lease of its own', async () => {
    const { deps, tasks, runners, backlog } = pool();
    backlog(3, 2);

    expect(await ensureRunners(deps, 'default')).toEqual({ outcome: 'started', runners: 3 });

    expect(tasks.started.map(({ family }) => family)).toEqual(Array(3).fill('runner'));
    const ids = tasks.started.map(({ environment }) => environment['GANTRY_RUNNER_ID']);
    expect(new Set(ids)).toEqual(new Set(runners.leases.keys()));
    for (const lease of runners.leases.values()) {
      expect(lease.leaseUntil).toBe(NOW + START_LEASE_MS);
      expect(lease.taskArn).toMatch(/^arn:task/);
    }
    expect(await ensureRunners(deps, 'default')).toEqual({ outcome: 'enough' });
  });

  it('starts one for a job whose message is still on its way', async () => {
    const { deps, tasks, queues } = pool();

    await ensureRunners(deps, 'default', 1);

    expect(tasks.started).toHaveLength(1);
    expect(queues.sent).toEqual([]);
  });

  it('looks again soon when new jobs meet runners that may be busy', async () => {
    const { deps, queues, backlog } = pool();
    backlog(1);
    await ensureRunners(deps, 'default');

    expect(await ensureRunners(deps, 'default', 1)).toEqual({ outcome: 'enough' });

    expect(queues.sent).toEqual([lookAgain(2)]);
  });

  it('replaces a runner whose lease has expired', async () => {
    const { deps, tasks, runners, backlog } = pool();
    backlog(1);
    await runners.addLease({ worker: 'default', runnerId: 'dead', leaseUntil: NOW });

    expect(await ensureRunners(deps, 'default')).toEqual({ outcome: 'started', runners: 1 });
    expect(tasks.started).toHaveLength(1);
  });

  it('leaves a message to look again when somebody else is counting', async () => {
    const { deps, tasks, runners, queues, backlog } = pool();
    backlog(1);
    await runners.lock('default', 'other', NOW);

    expect(await ensureRunners(deps, 'default')).toEqual({ outcome: 'busy' });

    expect(tasks.started).toEqual([]);
    expect(queues.sent).toEqual([lookAgain(5)]);
  });

  it('starts no more than needed when many see the same backlog', async () => {
    const { deps, tasks, backlog } = pool({ slots: 1, maxRunners: 3 });
    backlog(20);

    await Promise.all(Array.from({ length: 10 }, () => ensureRunners(deps, 'default')));

    expect(tasks.started).toHaveLength(3);
  });

  it('writes on the waiting jobs why no runner could be started, and tries again', async () => {
    const { deps, state, runners, sessions, queues, backlog } = pool();
    const session = aSession();
    await sessions.createSession(session);
    await sessions.storePlan(
      session,
      [aNode(session.id, 0), aNode(session.id, 1, { worker: 'gpu' })],
      [],
      NOW,
    );
    for (const node of ['n00000', 'n00001']) await sessions.queueJob(session.id, node, NOW);
    backlog(1);
    state.refusal = new Error('no capacity in any zone');

    const outcome = await ensureRunners(deps, 'default');

    const reason =
      'Waits for a runner: no capacity in any zone. This is tried again every few seconds.';
    expect(outcome).toEqual({ outcome: 'not-started', reason });
    expect((await sessions.getJobs(session.id)).map((job) => job.reason)).toEqual([
      reason,
      undefined,
    ]);
    expect(runners.leases.size).toBe(0);
    expect(queues.sent).toEqual([lookAgain(10)]);

    state.refusal = undefined;
    expect(await ensureRunners(deps, 'default')).toEqual({ outcome: 'started', runners: 1 });
  });

  it('does nothing for a worker that is not installed', async () => {
    const { deps } = pool();

    expect(await ensureRunners(deps, 'gone', 3)).toEqual({ outcome: 'unknown-worker' });
  });
});
