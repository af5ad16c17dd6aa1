import { describe, expect, it } from 'vitest';
import type { EdgeItem, JobItem } from '../../../core/contracts/items.ts';
import { nodeId } from '../../../core/contracts/keys.ts';
import { chooseRetry, resetGraph, type RetryWish } from '../../../core/running/retry-graph.ts';
import { aNode, anEdge } from '../../support/sessions.ts';

const SESSION = 's0123456789abcdef0123';

/** A chain a → b of a series, another series' c, a barrier, and a study's d that needs none of them to succeed. */
const ended = (states: Partial<Record<'a' | 'b' | 'c' | 'd', JobItem['state']>>) => {
  const job = (index: number, name: 'a' | 'b' | 'c' | 'd') =>
    aNode(SESSION, index, {
      ...{ name, state: states[name] ?? 'SUCCEEDED', run: 1, attempt: 2, lostAttempts: 1 },
      ...{ reason: 'why', startedAt: 1, endedAt: 2, resultJson: '1', timeoutSeconds: 60 },
    });
  const jobs = [
    aNode(SESSION, 0, { kind: 'pre-services', name: 'pre-services', state: 'SUCCEEDED' }),
    ...[job(1, 'a'), job(2, 'b'), job(3, 'c')],
    aNode(SESSION, 4, { kind: 'barrier', name: 'barrier', state: 'SUCCEEDED' }),
    job(5, 'd'),
    aNode(SESSION, 6, { kind: 'post-services', name: 'post-services', state: 'SUCCEEDED' }),
    aNode(SESSION, 7, {
      name: 'refused',
      state: 'SKIPPED',
      reason: 'The registry callback said no.',
    }),
  ];
  const edges: EdgeItem[] = [
    anEdge(SESSION, 0, 1, 'after'),
    anEdge(SESSION, 1, 2),
    anEdge(SESSION, 0, 3, 'after'),
    ...[1, 2, 3].map((from) => anEdge(SESSION, from, 4, 'after')),
    anEdge(SESSION, 4, 5, 'after'),
    anEdge(SESSION, 5, 6, 'after'),
  ];
  const choose = (wish: RetryWish) => chooseRetry(jobs, { edges }, wish, SESSION);
  const reset = (wish: RetryWish) => {
    const choice = choose(wish);
    if (choice.outcome === 'impossible') throw new Error(choice.message);
    return resetGraph(choice.nodes, jobs, { edges }, 3);
  };
  return { choose, reset };
};

describe('a retry', () => {
  it('takes the job that failed, what was skipped because of it, and no job that ran', () => {
    const { jobs } = ended({ a: 'FAILED', b: 'SKIPPED' }).reset({});

    expect(jobs.map(({ name }) => name)).toEqual([
      'pre-services',
      'a',
      'b',
      'barrier',
      'post-services',
    ]);
  });

  it('puts the platform’s two nodes around what runs again, and keeps what was between', () => {
    const { jobs, edges } = ended({ a: 'FAILED', b: 'SKIPPED' }).reset({ job: 'a' });

    const pairs = edges.map(({ from, to, kind, epoch }) => [from, to, kind, epoch]);
    expect(pairs).toEqual([
      [nodeId(1), nodeId(2), 'requires', 3],
      [nodeId(1), nodeId(4), 'after', 3],
      [nodeId(2), nodeId(4), 'after', 3],
      [nodeId(0), nodeId(1), 'after', 3],
      [nodeId(4), nodeId(6), 'after', 3],
    ]);
    expect(jobs.map(({ waiting }) => waiting)).toEqual([0, 1, 1, 2, 1]);
  });

  it('forgets what the run before has left, and fences off its attempts', () => {
    const { jobs } = ended({ c: 'TIMED_OUT' }).reset({ job: `${SESSION}-${nodeId(3)}` });

    const again = jobs.find(({ name }) => name === 'c');
    expect(again).toEqual(
      aNode(SESSION, 3, {
        ...{ name: 'c', timeoutSeconds: 60, waiting: 1, run: 1, attempt: 2 },
        ...{ lostAttempts: 0, epoch: 3, voidAttempts: 2 },
      }),
    );
  });

  it('takes every job that could run if that is wished', () => {
    const { jobs } = ended({}).reset({ all: true });

    expect(jobs.map(({ name }) => name)).not.toContain('refused');
    expect(jobs).toHaveLength(7);
  });

  it('finishes what an unfinished one has left, whatever is wished', () => {
    const { jobs } = ended({ a: 'FAILED', b: 'SKIPPED', d: 'WAITING' }).reset({ job: 'd' });

    expect(jobs.map(({ name }) => name)).toEqual(expect.arrayContaining(['a', 'b', 'd']));
  });

  it.each([
    [{}, {}, /no job of the session failed/, /--all/],
    [{}, { job: 'nothing' }, /has no job "nothing"/, /session jobs/],
    [{}, { job: 'a' }, /"a" has succeeded/, /--all/],
    [{}, { job: 'post-services' }, /platform's own/, /--all/],
    [{ a: 'FAILED', b: 'SKIPPED' }, { job: 'b' }, /"b" was skipped: why/, /session retry/],
    [{ a: 'FAILED', b: 'CANCELLED' }, { job: 'b' }, /depends on "a", which is FAILED/, /both/],
    [{ a: 'RUNNING' }, {}, /"a" of the session has not ended/, /job cancel/],
  ] as const)('of %o as %o is refused with the remedy', (states, wish, message, remedy) => {
    expect(ended(states).choose(wish)).toEqual({
      outcome: 'impossible',
      message: expect.stringMatching(message) as string,
      remedy: expect.stringMatching(remedy) as string,
    });
  });

  it('of a session whose callbacks all broke is refused with what helps: a re-send starts nothing', () => {
    const skipped = aNode(SESSION, 0, { name: 'a', state: 'SKIPPED', reason: 'It broke.' });

    expect(chooseRetry([skipped], { edges: [] }, { all: true }, SESSION)).toEqual({
      outcome: 'impossible',
      message: 'the session has no job that could run',
      remedy: expect.stringContaining('to another AE title') as string,
    });
  });
});
