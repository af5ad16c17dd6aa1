/** A partition that has had its writes for this second: what was refused is written later, and nothing is lost. */
import { afterEach, expect, it, vi } from 'vitest';
import { WritesThrottled } from '../../aws/many-writes.ts';
import { tableSessions } from '../../aws/sessions.ts';
import { dynamoTable } from '../../aws/table.ts';
import { seeded } from '../../bench/scale/random.ts';
import { nodeId } from '../../core/contracts/keys.ts';
import { memoryDocuments, type Demand } from '../support/memory-documents.ts';
import { aLine, aSession } from '../support/sessions.ts';

const JOBS = 150;

/** Reads are repeated by the SDK, which is not here. */
const isWrite = (demands: readonly Demand[]): boolean =>
  demands.some(({ kind }) => kind === 'write');

const aTable = (refuses: () => boolean) => {
  const counts = { refused: 0 };
  const client = memoryDocuments().client({
    take: (demands) => {
      if (!isWrite(demands) || !refuses()) return true;
      counts.refused += 1;
      return false;
    },
  });
  return { counts, store: tableSessions(dynamoTable(client, 'sessions')) };
};

afterEach(() => {
  vi.useRealTimers();
});

it('stores, moves on and resets a large graph, however many of its writes are throttled', async () => {
  const random = seeded(5);
  const { counts, store } = aTable(() => random() < 0.5);
  const session = aSession();
  const { jobs, edges } = aLine(session.id, JOBS);
  await store.createSession(session);

  expect(await store.storePlan(session, jobs, edges, 1)).toBe(true);
  expect(await store.getJobs(session.id)).toEqual(jobs);
  expect(await store.getEdges(session.id)).toHaveLength(edges.length);

  const released = await Promise.all(edges.map((edge) => store.releaseEdge(edge)));
  expect(released.every(Boolean)).toBe(true);
  expect(await store.queueJob(session.id, nodeId(JOBS), 2)).toMatchObject({ waiting: 0, run: 1 });
  expect(await store.getEdges(session.id)).toEqual([]);

  await store.finishSession(session.id, { state: 'FAILED', endedAt: 3 });
  const again = await store.retrySession(session.id, 1, (current, epoch) => ({
    state: 'RUNNING',
    jobs: current.map((job) => ({ ...job, state: 'WAITING', epoch })),
    edges: edges.map((edge) => ({ ...edge, epoch })),
  }));
  expect(again).toBe(true);
  expect(await store.getEdges(session.id)).toHaveLength(edges.length);
  expect((await store.getJobs(session.id)).every(({ epoch }) => epoch === 1)).toBe(true);
  expect(counts.refused).toBeGreaterThan(JOBS);
}, 60_000);

it('gives up what is throttled without an end, and leaves the session to be planned again', async () => {
  vi.useFakeTimers();
  let isOver = false;
  let asked = 0;
  // Not the first, which notes that a graph is begun: the SDK, which is not here, repeats that.
  const { store } = aTable(() => isOver && asked++ > 0);
  const session = aSession();
  const { jobs, edges } = aLine(session.id, JOBS);
  await store.createSession(session);
  isOver = true;

  const storing = store.storePlan(session, jobs, edges, 1).catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await storing).toBeInstanceOf(WritesThrottled);

  isOver = false;
  expect((await store.getSession(session.id))?.state).toBe('PLANNING');
  expect(await store.getJobs(session.id)).toEqual([]);
  expect(await store.storePlan(session, jobs, edges, 1)).toBe(true);
});
