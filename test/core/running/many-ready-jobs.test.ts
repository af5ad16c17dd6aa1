/** Many jobs that become ready at the same moment are started side by side, by one call. */
import { expect, it } from 'vitest';
import type { JobItem } from '../../../core/contracts/items.ts';
import { advanceSession } from '../../../core/running/advance-session.ts';
import { PASS_CONCURRENCY } from '../../../core/running/graph-pass.ts';
import { memorySessions } from '../../support/memory-sessions.ts';
import { aNode, anEdge, aSession, counted } from '../../support/sessions.ts';

const JOBS = 200;

/** pre-services → 200 jobs → post-services. */
const aFan = (session: string) => {
  const last = JOBS + 1;
  const own = Array.from({ length: JOBS }, (_, index) => index + 1);
  const edges = own.flatMap((index) => [
    anEdge(session, 0, index, 'after'),
    anEdge(session, index, last, 'after'),
  ]);
  const nodes = [
    aNode(session, 0, { kind: 'pre-services', name: 'pre-services' }),
    ...own.map((index) => aNode(session, index)),
    aNode(session, last, { kind: 'post-services', name: 'post-services' }),
  ];
  return { jobs: counted(nodes, edges), edges };
};

it('starts 200 ready jobs as many at a time as it may, each once, and waits for none of them', async () => {
  const store = memorySessions();
  const session = aSession();
  await store.createSession(session);
  const { jobs, edges } = aFan(session.id);
  await store.storePlan(session, jobs, edges, 0);
  const started: JobItem[] = [];
  let atATime = 0;
  let most = 0;
  let rounds = 0;
  const waiting: (() => void)[] = [];
  /** When nothing else can be done, all that are under way have started. */
  const endRound = () => {
    rounds += 1;
    for (const go of waiting.splice(0)) go();
  };

  await advanceSession(
    {
      sessions: store,
      startJob: async (job) => {
        started.push(job);
        atATime += 1;
        most = Math.max(most, atATime);
        await new Promise<void>((resolve) => {
          if (waiting.push(resolve) === 1) setImmediate(endRound);
        });
        atATime -= 1;
      },
      stopJob: () => Promise.resolve(),
      runPreServices: () => Promise.resolve({ state: 'SUCCEEDED' }),
      runPostServices: () => Promise.resolve({ state: 'SUCCEEDED' }),
      answerToken: () => Promise.resolve(true),
      clock: () => 1,
    },
    { sessionId: session.id, token: 'token', run: 1 },
  );

  expect(new Set(started.map(({ nodeId }) => nodeId)).size).toBe(JOBS);
  expect(started).toHaveLength(JOBS);
  expect(started.every(({ state, run }) => state === 'QUEUED' && run === 1)).toBe(true);
  expect(most).toBe(PASS_CONCURRENCY);
  // One after the other they would take 200 rounds.
  expect(rounds).toBeLessThanOrEqual(Math.ceil(JOBS / PASS_CONCURRENCY) + 1);
  expect((await store.getSession(session.id))?.state).toBe('RUNNING');
});
