/** What the alarms watch, read from stores in memory. */
import { describe, expect, it } from 'vitest';
import { metricLines } from '../../../core/operations/metric-lines.ts';
import {
  platformState,
  type PlatformStateDependencies,
} from '../../../core/operations/platform-state.ts';
import { memoryQueues } from '../../support/memory-cloud.ts';
import { memorySessions } from '../../support/memory-sessions.ts';
import { aLine, aSession } from '../../support/sessions.ts';
import { aGroup, dueThen } from '../../support/groups.ts';

const NOW = 1_700_000_000_000;

const site = async (
  queuedAt?: number,
  groups: Partial<PlatformStateDependencies['groups']> = {},
) => {
  const sessions = memorySessions();
  const session = aSession();
  const { jobs, edges } = aLine(session.id, 2);
  await sessions.createSession(session);
  await sessions.storePlan({ id: session.id }, jobs, edges, NOW - 100_000);
  const [edge] = edges;
  if (queuedAt !== undefined && edge !== undefined) {
    await sessions.releaseEdge(edge);
    await sessions.queueJob(session.id, 'n00001', queuedAt);
  }
  const queues = memoryQueues();
  const deps: PlatformStateDependencies = {
    deployment: 'gantry',
    sessions,
    groups: {
      collectingDueBefore: () => Promise.resolve([]),
      claimedBefore: () => Promise.resolve([]),
      ...groups,
    },
    workers: {
      list: () =>
        Promise.resolve([{ name: 'default', type: 'default' as const, slots: 4, maxRunners: 2 }]),
    },
    queues,
    queueUrls: ['queue/gantry-plan'],
    workQueueUrlPrefix: 'queue/gantry-work-',
    clock: () => NOW,
  };
  return { deps, queues };
};

describe('the state of the platform', () => {
  it('is all zero when nothing waits', async () => {
    const { deps } = await site();

    expect(await platformState(deps)).toEqual({
      ...{ oldestWaitingJob: 0, closingLag: 0, deadLetters: 0, gpuJobs: 0 },
    });
  });

  it('tells in seconds how long the oldest job has waited', async () => {
    const { deps } = await site(NOW - 90_000);

    expect(await platformState(deps)).toMatchObject({ oldestWaitingJob: 90 });
  });

  it('counts what lies in dead-letter queues, those of workers too, and not what waits in others', async () => {
    const { deps, queues } = await site();
    const of = (waiting: number) => ({ waiting, inFlight: 0, delayed: 0 });
    queues.depths.set('queue/gantry-plan', of(50));
    queues.depths.set('queue/gantry-plan-dead-letters', of(2));
    queues.depths.set('queue/gantry-work-default-normal-dead-letters', of(3));

    expect(await platformState(deps)).toMatchObject({ deadLetters: 5 });
  });

  it('takes the group that is overdue longest, collecting or claimed', async () => {
    const { deps } = await site(undefined, {
      collectingDueBefore: () =>
        Promise.resolve([aGroup({ keyValues: ['1'], ...dueThen(NOW - 4000) })]),
      claimedBefore: () =>
        Promise.resolve([
          aGroup({ keyValues: ['2'], ...dueThen(NOW - 30_000), claimedAt: NOW - 20_000 }),
        ]),
    });

    expect(await platformState(deps)).toMatchObject({ closingLag: 20 });
  });
});

describe('a line of metrics', () => {
  it('has name, unit and value in the embedded format, and the deployment as its only dimension', () => {
    const lines: string[] = [];

    metricLines(
      'site',
      () => NOW,
      (line) => lines.push(line),
    )({ closingLag: 7, gpuJobs: 2 });

    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        _aws: {
          Timestamp: NOW,
          CloudWatchMetrics: [
            {
              Namespace: 'Gantry',
              Dimensions: [['Deployment']],
              Metrics: [
                { Name: 'ClosingLag', Unit: 'Seconds' },
                { Name: 'GpuJobs', Unit: 'Count' },
              ],
            },
          ],
        },
        Deployment: 'site',
        ClosingLag: 7,
        GpuJobs: 2,
      },
    ]);
  });
});
