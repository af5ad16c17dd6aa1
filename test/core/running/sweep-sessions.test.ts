import { describe, expect, it } from 'vitest';
import type { SessionItem } from '../../../core/contracts/items.ts';
import { executionName, nodeId } from '../../../core/contracts/keys.ts';
import {
  GRACE_MS,
  JOB_LOOK_AFTER_MS,
  HELD_MESSAGE_GONE_MS,
  MESSAGE_GONE_MS,
  sweepSessions,
} from '../../../core/running/sweep-sessions.ts';
import {
  jobExecution,
  memoryExecutions,
  memoryQueues,
  memoryRunners,
} from '../../support/memory-cloud.ts';
import { memorySessions } from '../../support/memory-sessions.ts';
import { aNode, aSession } from '../../support/sessions.ts';

const START = 10_000_000;
const QUEUE = 'queue/work-default-normal';

const site = () => {
  const time = { now: START };
  const sessions = memorySessions();
  const executions = memoryExecutions();
  const queues = memoryQueues();
  const runners = memoryRunners();
  const deps = {
    sessions,
    executions,
    queues,
    runners,
    workers: {
      get: () => Promise.resolve(undefined),
      list: () =>
        Promise.resolve([{ name: 'default', type: 'default' as const, slots: 1, maxRunners: 2 }]),
    },
    sessionMachineArn: 'session',
    jobMachineArn: 'job',
    workQueueUrlPrefix: 'queue/work-',
    dockerQueueUrl: 'queue/tasks',
    jobTask: {
      look: () => Promise.resolve('unknown' as const),
      settle: () => Promise.resolve(undefined),
    },
    advanceQueueUrl: 'queue/advance',
    clock: () => time.now,
  };
  /** RUNNING, with one job QUEUED at run 1 and every execution running. */
  const running = async (facts: Partial<SessionItem> = {}): Promise<SessionItem> => {
    const session = aSession({ createdAt: time.now, ...facts });
    await sessions.createSession(session);
    await sessions.storePlan(session, [aNode(session.id, 0)], [], time.now);
    await sessions.queueJob(session.id, nodeId(0), time.now);
    executions.statuses.set(executionName(session.id, 1), 'RUNNING');
    executions.statuses.set(jobExecution(session.id, nodeId(0), 1), 'RUNNING');
    return session;
  };
  const sweep = (startup = false) => sweepSessions(deps, { startup });
  const job = (session: SessionItem) => sessions.getJob(session.id, nodeId(0));
  return { time, sessions, executions, queues, runners, running, sweep, job };
};

describe('sweepSessions', () => {
  it('leaves alone what is in order, and asks advance to look at each running session', async () => {
    const { time, queues, running, sweep, job } = site();
    const session = await running();
    queues.depths.set(QUEUE, { waiting: 0, inFlight: 1, delayed: 0 });
    time.now += MESSAGE_GONE_MS;

    expect(await sweep()).toEqual({
      sessionsLookedAt: 1,
      sessionsRestarted: 0,
      jobsRestarted: 0,
      runnersAskedFor: 0,
    });
    expect(queues.sent).toEqual([
      { queueUrl: 'queue/advance', message: { sessionId: session.id }, delaySeconds: 0 },
    ]);
    expect((await job(session))?.run).toBe(1);
  });

  it('does not look at what changed a moment ago, unless everything was stopped', async () => {
    const { time, executions, running, sweep } = site();
    await running();
    executions.statuses.clear();
    time.now += GRACE_MS - 1;

    expect(await sweep()).toMatchObject({ sessionsLookedAt: 0 });
    expect(await sweep(true)).toMatchObject({ sessionsRestarted: 1, jobsRestarted: 1 });
  });

  it('compares no job with its execution that began a moment ago, and of many jobs some in each minute', async () => {
    const { time, sessions, executions, queues, sweep } = site();
    queues.depths.set(QUEUE, { waiting: 0, inFlight: 1000, delayed: 0 });
    const session = aSession({ createdAt: time.now });
    await sessions.createSession(session);
    const nodes = Array.from({ length: 1000 }, (_, index) => aNode(session.id, index));
    await sessions.storePlan(session, nodes, [], time.now);
    executions.statuses.set(executionName(session.id, 1), 'RUNNING');
    for (const { nodeId: node } of nodes) {
      await sessions.queueJob(session.id, node, time.now);
      executions.statuses.set(jobExecution(session.id, node, 1), 'RUNNING');
    }
    let calls: string[] = [];
    const status = executions.status.bind(executions);
    executions.status = (machine, name) => {
      if (machine === 'job') calls.push(name);
      return status(machine, name);
    };

    time.now += JOB_LOOK_AFTER_MS - 1;
    await sweep();
    expect(calls).toEqual([]);

    const seen = new Set<string>();
    for (let minute = 0; minute < 3; minute += 1) {
      calls = [];
      time.now += 60_000;
      await sweep();
      expect(calls.length).toBeLessThan(450);
      for (const name of calls) seen.add(name);
    }
    expect(seen.size).toBe(1000);
  });

  it('starts again with the versions of the machines that the session began with', async () => {
    const { time, executions, running, sweep } = site();
    const functions = { plan: '1', advance: '2', tasks: '3' };
    await running({ versions: { ...functions, sessionMachine: '4', jobMachine: '5' } });
    await running();
    executions.statuses.clear();
    const machines: string[] = [];
    const start = executions.start.bind(executions);
    executions.start = (machine, name, input) => {
      machines.push(machine);
      return start(machine, name, input);
    };
    time.now += JOB_LOOK_AFTER_MS;
    await sweep();

    expect(machines.sort()).toEqual(['job', 'job:5', 'session', 'session:4']);
  });

  it.each(['FAILED', 'ABORTED', 'TIMED_OUT', 'SUCCEEDED'] as const)(
    'starts another run of a session whose execution is %s',
    async (status) => {
      const { time, sessions, executions, running, sweep } = site();
      const session = await running();
      executions.statuses.set(executionName(session.id, 1), status);
      time.now += GRACE_MS;

      await sweep();
      await sweep();

      expect((await sessions.getSession(session.id))?.run).toBe(2);
      expect(executions.inputs.get(executionName(session.id, 2))).toEqual({
        sessionId: session.id,
        run: 2,
      });
    },
  );

  it('starts an execution that was never started under the name that it has', async () => {
    const { time, sessions, executions, sweep } = site();
    const session = aSession({ createdAt: time.now });
    await sessions.createSession(session);
    time.now += GRACE_MS;

    await Promise.all([sweep(), sweep()]);

    expect((await sessions.getSession(session.id))?.run).toBe(1);
    expect([...executions.statuses.keys()]).toEqual([executionName(session.id, 1)]);
  });

  it('leaves a session alone that has ended', async () => {
    const { time, sessions, executions, running, sweep } = site();
    const session = await running();
    await sessions.finishSession(session.id, { state: 'SUCCEEDED', endedAt: time.now });
    executions.statuses.clear();
    time.now += MESSAGE_GONE_MS;

    expect(await sweep()).toMatchObject({ sessionsLookedAt: 0 });
    expect(executions.statuses.size).toBe(0);
  });

  it.each([
    { status: 'FAILED', because: 'it was ended' },
    // It looks for each job in its session's own partition, and a large session's are elsewhere.
    { status: 'SUCCEEDED', because: 'a runner of an earlier version did not find the job' },
  ] as const)('queues a job again whose execution $status without it: $because', async (each) => {
    const { time, executions, running, sweep, job } = site();
    const session = await running();
    executions.statuses.set(jobExecution(session.id, nodeId(0), 1), each.status);
    time.now += JOB_LOOK_AFTER_MS;

    expect(await sweep()).toMatchObject({ jobsRestarted: 1 });

    expect(await job(session)).toMatchObject({ state: 'QUEUED', run: 2, queuedAt: time.now });
    expect(executions.inputs.get(jobExecution(session.id, nodeId(0), 2))).toMatchObject({
      run: 2,
      worker: 'default',
      queueUrl: QUEUE,
    });
  });

  it('starts the execution of a queued job that has none', async () => {
    const { time, executions, running, sweep, job } = site();
    const session = await running();
    executions.statuses.delete(jobExecution(session.id, nodeId(0), 1));
    time.now += JOB_LOOK_AFTER_MS;

    expect(await sweep()).toMatchObject({ jobsRestarted: 1 });

    expect((await job(session))?.run).toBe(1);
    expect(executions.statuses.get(jobExecution(session.id, nodeId(0), 1))).toBe('RUNNING');
  });

  it('queues a job again whose message is gone, and ends the execution that waits for it', async () => {
    const { time, executions, queues, running, sweep, job } = site();
    const session = await running();
    time.now += MESSAGE_GONE_MS - 1;
    expect(await sweep()).toMatchObject({ jobsRestarted: 0 });
    queues.depths.set(QUEUE, { waiting: 0, inFlight: 0, delayed: 0 });
    time.now += 1;

    expect(await sweep()).toMatchObject({ jobsRestarted: 1 });

    expect((await job(session))?.run).toBe(2);
    expect(executions.statuses.get(jobExecution(session.id, nodeId(0), 1))).toBe('ABORTED');
    expect(executions.statuses.get(jobExecution(session.id, nodeId(0), 2))).toBe('RUNNING');
  });

  it('waits longer for the message of a job that a runner has', async () => {
    const { time, sessions, running, sweep, job } = site();
    const session = await running();
    await sessions.leaseJob(session.id, nodeId(0), 1, 'runner', time.now);
    time.now += HELD_MESSAGE_GONE_MS - 1;
    expect(await sweep()).toMatchObject({ jobsRestarted: 0 });
    time.now += 1;

    expect(await sweep()).toMatchObject({ jobsRestarted: 1 });
    expect(await job(session)).toMatchObject({ state: 'QUEUED', run: 2, attempt: 1 });
  });

  it('asks for a runner where messages wait', async () => {
    const { queues, sweep } = site();
    queues.depths.set(QUEUE, { waiting: 2, inFlight: 0, delayed: 0 });

    expect(await sweep()).toMatchObject({ runnersAskedFor: 1 });
    expect(queues.sent.map(({ message }) => message)).toEqual([
      { ensureRunner: { worker: 'default' } },
    ]);
  });

  it('forgets the leases of runners at a start, for none has outlived it', async () => {
    const { time, runners, sweep } = site();
    const lease = { worker: 'default', runnerId: 'a', leaseUntil: time.now + 60_000 };
    await runners.addLease(lease);

    await sweep();
    expect(runners.leases.size).toBe(1);
    await sweep(true);
    expect(runners.leases.size).toBe(0);
  });

  it('repairs the others when one session cannot be repaired', async () => {
    const { time, sessions, executions, running, sweep } = site();
    const [broken, other] = [await running(), await running()];
    executions.statuses.clear();
    const status = executions.status.bind(executions);
    executions.status = (machine, name) =>
      name.startsWith(broken.id) ? Promise.reject(new Error('throttled')) : status(machine, name);
    time.now += GRACE_MS;

    await expect(sweep()).rejects.toThrow('throttled');

    expect((await sessions.getSession(other.id))?.state).toBe('RUNNING');
    expect(executions.statuses.get(executionName(other.id, 1))).toBe('RUNNING');
  });
});
