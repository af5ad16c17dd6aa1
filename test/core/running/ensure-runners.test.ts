import { describe, expect, it } from 'vitest';
import {
  ensureRunners,
  type EnsureRunnersDependencies,
} from '../../../core/running/ensure-runners.ts';
import { gpuCapacityOf, type GpuCapacity } from '../../../core/contracts/gpu-capacity.ts';
import { runnersNeeded, START_LEASE_MS } from '../../../core/running/runner-pool.ts';
import type { WorkerItem } from '../../../core/contracts/worker-item.ts';
import { memoryQueues, memoryRunners, memoryTasks } from '../../support/memory-cloud.ts';
import { memorySessions } from '../../support/memory-sessions.ts';
import { aNode, aSession } from '../../support/sessions.ts';

const NOW = 5_000_000;

const pool = (
  facts: Partial<Pick<WorkerItem, 'slots' | 'maxRunners' | 'gpu' | 'cpu' | 'memoryMiB'>> = {},
  gpuCapacity: GpuCapacity = { kind: 'here' },
) => {
  const state: { refusal: Error | undefined; now: number } = { refusal: undefined, now: NOW };
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
    gpuRunnerFamily: 'gpu-runner',
    gpuCapacity,
    runnerSize: { cpu: 1024, memoryMiB: 4096 },
    onNotStarted: () => undefined,
    clock: () => state.now,
  };
  const backlog = (waiting: number, inFlight = 0, priority = 'normal') => {
    queues.depths.set(`queue/work-default-${priority}`, { waiting, inFlight, delayed: 0 });
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
      expect(lease.leaseUntil).toBe(NOW + START_LEASE_MS.fargate);
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
    state.now += 10_000;
    expect(await ensureRunners(deps, 'default')).toEqual({ outcome: 'started', runners: 1 });
  });

  it('has one message that tries again while none can be started, whoever else asks', async () => {
    const { deps, state, queues, tasks, backlog } = pool();
    backlog(1);
    state.refusal = new Error('no capacity in any zone');
    await ensureRunners(deps, 'default');

    const others = await Promise.all([1, 2, 3].map(() => ensureRunners(deps, 'default')));
    expect(others).toEqual(Array(3).fill({ outcome: 'paused' }));
    expect(queues.sent).toEqual([lookAgain(10)]);

    // The message comes back, and somebody else a moment before it.
    state.now += 9500;
    await ensureRunners(deps, 'default');
    state.now += 500;
    await ensureRunners(deps, 'default');
    expect(queues.sent).toEqual([lookAgain(10), lookAgain(10)]);
    expect(tasks.started).toEqual([]);
  });

  it('does nothing for a worker that is not installed', async () => {
    const { deps } = pool();

    expect(await ensureRunners(deps, 'gone', 3)).toEqual({ outcome: 'unknown-worker' });
  });
});

describe('runners of a worker that asks for a size', () => {
  it('have it on Fargate, in the next size that there is', async () => {
    const { deps, tasks, backlog } = pool({ cpu: 2, memoryMiB: 9000 });
    backlog(1);

    await ensureRunners(deps, 'default');

    expect(tasks.started).toMatchObject([
      { family: 'runner', capacity: 'fargate', size: { cpu: 2048, memoryMiB: 9216 }, gpus: 0 },
    ]);
  });
});

describe('runners of a worker with GPUs', () => {
  const onDemand = gpuCapacityOf('gantry', 'managed-instances', false);
  const withSpot = gpuCapacityOf('gantry', 'managed-instances', true);

  it('run on GPU capacity, and nothing starts a second while the first waits for its machine', async () => {
    const { deps, tasks, runners, backlog } = pool({ gpu: 2, slots: 1 }, onDemand);
    backlog(1);

    await ensureRunners(deps, 'default');

    expect(tasks.started).toMatchObject([
      { family: 'gpu-runner', capacity: 'gpu', gpus: 2, size: {} },
    ]);
    expect(tasks.started[0]?.environment).not.toHaveProperty('GANTRY_RUNNER_PRIORITIES');
    const tenMinutes = { ...deps, clock: () => NOW + 600_000 };
    expect(await ensureRunners(tenMinutes, 'default')).toEqual({ outcome: 'enough' });
    expect([...runners.leases.keys()]).toEqual([tasks.started[0]?.startedBy]);
  });

  it('run on Spot capacity for work that may be interrupted, and on demand for the rest', async () => {
    const { deps, tasks, backlog } = pool({ gpu: 1, slots: 1, maxRunners: 2 }, withSpot);
    backlog(3, 0, 'lower');
    backlog(1, 0, 'immediate');

    await ensureRunners(deps, 'default');

    const prioritiesOf = (capacity: string) =>
      tasks.started
        .filter((task) => task.capacity === capacity)
        .map(({ environment }) => environment['GANTRY_RUNNER_PRIORITIES']);
    expect(prioritiesOf('gpu')).toEqual(['immediate,higher']);
    expect(prioritiesOf('gpu-spot')).toEqual(['normal,lower', 'normal,lower']);
  });

  it('are counted apart: busy Spot runners do not keep an urgent job waiting', async () => {
    const { deps, tasks, backlog } = pool({ gpu: 1, slots: 1, maxRunners: 1 }, withSpot);
    backlog(9);
    await ensureRunners(deps, 'default');

    backlog(1, 0, 'higher');
    await ensureRunners(deps, 'default');

    expect(tasks.started.map(({ capacity }) => capacity)).toEqual(['gpu-spot', 'gpu']);
    expect(await ensureRunners(deps, 'default')).toEqual({ outcome: 'enough' });
  });

  it('look again for a job whose message is on its way, of which nobody knows yet to which pool', async () => {
    const { deps, queues, tasks } = pool({ gpu: 1 }, withSpot);

    expect(await ensureRunners(deps, 'default', 1)).toEqual({ outcome: 'enough' });

    expect(tasks.started).toEqual([]);
    expect(queues.sent).toEqual([lookAgain(2)]);
  });
});
