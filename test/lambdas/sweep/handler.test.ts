import { describe, expect, it } from 'vitest';
import { makeHandler } from '../../../lambdas/sweep/handler.ts';
import { recordedLogs } from '../../support/logs.ts';
import { memoryExecutions, memoryQueues, memoryRunners } from '../../support/memory-cloud.ts';
import { memorySessions } from '../../support/memory-sessions.ts';
import { aSession } from '../../support/sessions.ts';

const site = async () => {
  const sessions = memorySessions();
  const session = aSession({ createdAt: 1 });
  await sessions.createSession(session);
  const executions = memoryExecutions();
  const swept: { startup: boolean }[] = [];
  const reported: object[] = [];
  const { logger, entries } = recordedLogs();
  const deps = {
    sessions,
    executions,
    queues: memoryQueues(),
    runners: memoryRunners(),
    workers: { get: () => Promise.resolve(undefined), list: () => Promise.resolve([]) },
    sessionMachineArn: 'session',
    jobMachineArn: 'job',
    workQueueUrlPrefix: 'queue/work-',
    dockerQueueUrl: 'queue/tasks',
    jobTask: {
      look: () => Promise.resolve('unknown' as const),
      settle: () => Promise.resolve(undefined),
    },
    advanceQueueUrl: 'queue/advance',
    clock: () => 5,
    removeKeptData: () => Promise.resolve(0),
    sweepGroups: (options: { startup: boolean }): Promise<object> => {
      swept.push(options);
      return Promise.resolve({ checks: 2 });
    },
    sweepCaches: () => Promise.resolve({ studies: 4 }),
    sweepDeliveries: () => Promise.resolve({ deliveries: 3 }),
    platformState: () => Promise.resolve({ closingLag: 7 }),
    silentSenders: () => Promise.resolve(['CT1 → GANTRY']),
    report: (values: object) => reported.push(values),
    logger,
  };
  return { deps, executions, swept, entries, reported };
};

describe('the sweep Lambda', () => {
  it('takes the event of each minute, in which young sessions are left alone', async () => {
    const { deps, executions, swept } = await site();

    await makeHandler(deps)({ 'detail-type': 'Scheduled Event', detail: {} });

    expect(swept).toEqual([{ startup: false }]);
    expect(executions.statuses.size).toBe(0);
  });

  it('looks at everything at a start', async () => {
    const { deps, executions, swept } = await site();

    expect(await makeHandler(deps)({ startup: true })).toEqual({
      groups: { checks: 2 },
      sessions: { sessionsLookedAt: 1, sessionsRestarted: 1, jobsRestarted: 0, runnersAskedFor: 0 },
      deliveries: { deliveries: 3 },
      keptData: { sessions: 0 },
      state: { closingLag: 7 },
    });
    expect(swept).toEqual([{ startup: true }]);
    expect(executions.statuses.size).toBe(1);
  });

  it('repairs sessions though groups could not be, and fails then', async () => {
    const { deps, executions, entries } = await site();
    const handler = makeHandler({
      ...deps,
      sweepGroups: () => Promise.reject(new Error('throttled')),
    });

    await expect(handler({ startup: true })).rejects.toThrow('not complete');

    expect(executions.statuses.size).toBe(1);
    expect(entries.map(({ message }) => message)).toEqual(['a part of the sweep failed', 'swept']);
  });

  it('reports each minute what the alarms watch, and once an hour who is silent', async () => {
    const { deps, reported, entries } = await site();

    await makeHandler(deps)({});
    await makeHandler({ ...deps, clock: () => 3 * 60_000 })({});

    expect(reported).toEqual([{ closingLag: 7 }, { closingLag: 7 }, { silentSenders: 1 }]);
    expect(entries.filter(({ level }) => level === 'warn')).toEqual([
      {
        level: 'warn',
        message: 'senders are silent that usually send',
        facts: { silent: ['CT1 → GANTRY'] },
      },
    ]);
  });
});
