/**
 * Invariants E and F: however messages are repeated, reordered and worked on at the same time, and whenever
 * somebody dies between two calls, every job of every graph ends exactly once, after all that it waits for,
 * and the session's execution goes on at the end.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { EdgeItem, JobItem } from '../../../core/contracts/items.ts';
import { executionName } from '../../../core/contracts/keys.ts';
import type { JobState } from '../../../core/contracts/vocabulary.ts';
import {
  advanceSession,
  type AdvanceDependencies,
  type AdvanceRequest,
} from '../../../core/running/advance-session.ts';
import { endAttempt } from '../../../core/running/end-attempt.ts';
import { PLATFORM_NODE_LIMIT_MS } from '../../../core/running/graph-pass.ts';
import { isTerminalJobState } from '../../../core/running/states.ts';
import { seeded } from '../../../bench/scale/random.ts';
import { interleaving } from '../../support/interleaving.ts';
import { memorySessions, type MemorySessions } from '../../support/memory-sessions.ts';
import { buildGraph, graphs, type Graph, type Outcome } from '../../support/random-graphs.ts';
import { aSession } from '../../support/sessions.ts';

/** How each node must end, by the rules and nothing else. */
const expectedStates = (
  graph: Graph,
  { jobs, edges }: { jobs: readonly JobItem[]; edges: readonly EdgeItem[] },
): Map<string, JobState> => {
  const states = new Map<string, JobState>();
  jobs.forEach((job, index) => {
    const unmet = edges.some(
      (edge) =>
        edge.to === job.nodeId && edge.kind === 'requires' && states.get(edge.from) !== 'SUCCEEDED',
    );
    const own = (): JobState => {
      if (job.kind === 'pre-services') return graph.imagesReadable ? 'SUCCEEDED' : 'FAILED';
      if (job.kind === 'post-services') return 'SUCCEEDED';
      if (!graph.imagesReadable) return 'SKIPPED';
      return job.kind === 'job' ? (graph.outcomes[index - 1] ?? 'SUCCEEDED') : 'SUCCEEDED';
    };
    states.set(job.nodeId, unmet ? 'SKIPPED' : own());
  });
  return states;
};

const CRASHES = 12;
const REPETITION = 0.25;
const LOSS = 0.3;

const simulate = async (graph: Graph, seed: number, crashProbability: number) => {
  const random = seeded(seed);
  const store = memorySessions();
  const session = aSession();
  const planned = buildGraph(session.id, graph);
  await store.createSession(session);
  await store.storePlan(session, planned.jobs, planned.edges, 0);

  let crashes = 0;
  const world = interleaving(random, () => {
    const crash = crashes < CRASHES && random() < crashProbability;
    if (crash) crashes += 1;
    return crash;
  });
  let now = 1_000_000;
  const executions = new Map<string, number>();
  const answered: string[] = [];

  const outcomeOf = (job: JobItem): Outcome => graph.outcomes[Number(job.nodeId.slice(1)) - 1]!;
  /** A runner with an execution around it, on which nothing here depends but the message at its end. */
  const run = (job: JobItem) => {
    world.start(
      async () => {
        const lease = await store.leaseJob(job.sessionId, job.nodeId, job.run, 'runner', now);
        if (lease.outcome !== 'leased') throw new Error(`lease: ${lease.outcome}`);
        const isLastTry = (job.retry?.attempts ?? 1) === (job.failedTries?.length ?? 0) + 1;
        const state = isLastTry ? outcomeOf(job) : 'FAILED';
        await endAttempt(store, lease.job, { state }, now);
        send({ sessionId: job.sessionId, nodeId: job.nodeId });
      },
      () => undefined,
    );
  };
  const gated = (gate: () => Promise<void>): MemorySessions =>
    new Proxy(store, {
      get: (target, name: keyof MemorySessions) => {
        if (name === 'transitions') return target.transitions;
        return async (...args: never[]) => {
          await gate();
          return (target[name] as (...all: never[]) => Promise<unknown>)(...args);
        };
      },
    });
  const dependencies = (gate: () => Promise<void>): AdvanceDependencies => ({
    sessions: gated(gate),
    startJob: async (job) => {
      await gate();
      const name = executionName(job.id, job.run);
      executions.set(name, (executions.get(name) ?? 0) + 1);
      if (executions.get(name) === 1) run(job);
    },
    stopJob: () => Promise.resolve(),
    runPreServices: async () => {
      await gate();
      return graph.imagesReadable
        ? { state: 'SUCCEEDED' }
        : { state: 'FAILED', reason: 'One image cannot be read.' };
    },
    runPostServices: async () => {
      await gate();
      return { state: 'SUCCEEDED' };
    },
    answerToken: async (token) => {
      await gate();
      answered.push(token);
      return true;
    },
    clock: () => now,
  });
  function send(request: AdvanceRequest): void {
    const deliver = (delivered: AdvanceRequest) => {
      world.start(
        async (gate) => {
          await advanceSession(dependencies(gate), delivered);
        },
        (killed) => {
          // Delivered again, as a message that somebody may have died over; or lost.
          if (killed && random() > LOSS) deliver({ ...delivered, nodeId: undefined });
        },
      );
    };
    deliver(request);
    if (random() < REPETITION) deliver(request);
  }

  send({ sessionId: session.id, token: 'token', run: 1 });
  await world.run();
  const isDone = async () =>
    answered.length > 0 &&
    (await store.getJobs(session.id)).every((job) => isTerminalJobState(job.state));
  let sweeps = 0;
  while (!(await isDone()) && sweeps <= CRASHES + 2) {
    sweeps += 1;
    now += PLATFORM_NODE_LIMIT_MS + 1;
    // The token's message is lost with its process: the sweep starts the session's execution again.
    const current = await store.getSession(session.id);
    send(
      current?.token === undefined
        ? { sessionId: session.id, token: 'token', run: 1 }
        : { sessionId: session.id },
    );
    await world.run();
  }
  return { store, session, planned, executions, answered, sweeps, crashes };
};

const verify = async (graph: Graph, seed: number, crashProbability: number): Promise<void> => {
  const { store, session, planned, executions, answered, sweeps, crashes } = await simulate(
    graph,
    seed,
    crashProbability,
  );
  const jobs = await store.getJobs(session.id);

  const states = new Map(jobs.map((job) => [job.nodeId, job.state]));
  expect(states).toEqual(expectedStates(graph, planned));
  // Who dies after skipping a node leaves the edge into it, which nobody needs any more.
  const left = await store.getEdges(session.id);
  expect(left.filter(({ to }) => crashes === 0 || states.get(to) !== 'SKIPPED')).toEqual([]);
  expect(new Set(answered)).toEqual(new Set(['token']));
  // Without a crash nothing needs repair.
  if (crashes === 0) expect(sweeps).toBe(0);

  const at = (nodeId: string, holds: (state: string) => boolean) =>
    store.transitions.findIndex((each) => each.nodeId === nodeId && holds(each.to));
  const isEnd = (state: string) => isTerminalJobState(state as JobState);
  for (const job of jobs) {
    const ends = store.transitions.filter((each) => each.nodeId === job.nodeId && isEnd(each.to));
    expect(ends).toHaveLength(1);
    if (job.kind === 'job' && job.state !== 'SKIPPED') {
      const tries = job.retry?.attempts ?? 1;
      expect(job).toMatchObject({ run: tries, attempt: tries, lostAttempts: 0 });
      expect(job.failedTries ?? []).toHaveLength(tries - 1);
      expect(executions.has(executionName(job.id, tries))).toBe(true);
    }
    if (job.state === 'SKIPPED') {
      expect(job.reason).toMatch(/^(It depends on ".+"|The session's images)/);
      expect(job.run).toBe(0);
      continue;
    }
    const began = at(job.nodeId, () => true);
    for (const edge of planned.edges.filter(({ to }) => to === job.nodeId)) {
      expect(at(edge.from, isEnd)).toBeLessThan(began);
    }
  }
};

it('ends every job once and in order, whatever is delivered twice or at the same time', async () => {
  expect.hasAssertions();
  const property = fc.asyncProperty(graphs, fc.integer(), (graph, seed) => verify(graph, seed, 0));

  await fc.assert(property, { numRuns: 500, includeErrorInReport: true });
}, 60_000);

it('ends every job once and in order, wherever those die who work on it', async () => {
  expect.hasAssertions();
  const probability = fc.constantFrom(0.01, 0.05, 0.2);
  const property = fc.asyncProperty(graphs, fc.integer(), probability, verify);

  await fc.assert(property, { numRuns: 1000, includeErrorInReport: true });
}, 120_000);
