/**
 * Invariants E and F when persons cancel and retry: at any moment, repeatedly, and while others still work on
 * what was before. Every job ends, in a legal order, and what has ended begins anew only by a retry.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { JobItem, SessionPlan } from '../../../core/contracts/items.ts';
import { executionName } from '../../../core/contracts/keys.ts';
import type { JobState } from '../../../core/contracts/vocabulary.ts';
import { advanceSession, type AdvanceRequest } from '../../../core/running/advance-session.ts';
import { cancelJob, cancelSession } from '../../../core/running/cancel.ts';
import { endAttempt } from '../../../core/running/end-attempt.ts';
import { finishSession, JobsNotEnded } from '../../../core/running/finish-session.ts';
import { PLATFORM_NODE_LIMIT_MS } from '../../../core/running/graph-pass.ts';
import { retrySession } from '../../../core/running/retry-session.ts';
import { sessionOutcome } from '../../../core/running/session-outcome.ts';
import { isTerminalJobState, isTerminalSessionState } from '../../../core/running/states.ts';
import { seeded } from '../../../bench/scale/random.ts';
import { interleaving } from '../../support/interleaving.ts';
import { memorySessionData } from '../../support/memory-cloud.ts';
import { memorySessions, type MemorySessions } from '../../support/memory-sessions.ts';
import { buildGraph, graphs, type Graph, type Outcome } from '../../support/random-graphs.ts';
import { aSession } from '../../support/sessions.ts';

type Gate = () => Promise<void>;
type Act = 'cancel-session' | 'cancel-job' | 'retry' | 'retry-job' | 'retry-all';

/** What persons do; `after` counts steps of the whole simulation that pass first, more or less. */
const acts = fc.array(
  fc.record({
    what: fc.constantFrom<Act>('cancel-session', 'cancel-job', 'retry', 'retry-job', 'retry-all'),
    after: fc.nat({ max: 120 }),
    node: fc.nat({ max: 13 }),
  }),
  { minLength: 1, maxLength: 6 },
);

const MAX_CRASHES = 10;
const MAX_SWEEPS = 60;

const simulate = async (
  graph: Graph,
  persons: readonly { what: Act; after: number; node: number }[],
  seed: number,
  crashProbability: number,
) => {
  const random = seeded(seed);
  const store = memorySessions();
  const sessionData = memorySessionData();
  const session = aSession();
  const planned = buildGraph(session.id, graph);
  await store.createSession(session);
  await store.storePlan(session, planned.jobs, planned.edges, 0);
  const plan: SessionPlan = { ...planned, objects: [], runnable: 1, missingServices: [] };

  let now = 1_000_000;
  let crashes = 0;
  const world = interleaving(random, () => {
    const crash = crashes < MAX_CRASHES && random() < crashProbability;
    if (crash) crashes += 1;
    return crash;
  });
  const gated = (gate: Gate): MemorySessions =>
    new Proxy(store, {
      get: (target, name: keyof MemorySessions) => {
        if (name === 'transitions') return target.transitions;
        return async (...args: never[]) => {
          await gate();
          return (target[name] as (...all: never[]) => Promise<unknown>)(...args);
        };
      },
    });
  /** Runs of the session whose execution waits or finishes. */
  const sessionRuns = new Set<number>();
  const started = new Set<string>();

  const outcomeOf = (job: JobItem): Outcome =>
    graph.outcomes[(Number(job.nodeId.slice(1)) - 1 + job.run - 1) % graph.outcomes.length]!;

  const finish = (run: number) => {
    world.start(
      async (gate) => {
        await finishSession(
          { sessions: gated(gate), sessionData, clock: () => now },
          { sessionId: session.id, run },
        ).catch((error: unknown) => {
          if (!(error instanceof JobsNotEnded)) throw error;
        });
        sessionRuns.delete(run);
      },
      (killed) => {
        if (killed) finish(run);
      },
    );
  };
  const startSession = (run: number) => {
    const name = executionName(session.id, run);
    if (started.has(name)) return;
    started.add(name);
    sessionRuns.add(run);
    send({ sessionId: session.id, token: String(run), run });
  };
  const runJob = (job: JobItem) => {
    const own = { sessionId: job.sessionId, nodeId: job.nodeId };
    world.start(
      async (gate) => {
        await gate();
        const lease = await store.leaseJob(job.sessionId, job.nodeId, job.run, 'runner', now);
        if (lease.outcome === 'leased') {
          await gate();
          await endAttempt(store, lease.job, { state: outcomeOf(lease.job) }, now);
        }
        send(own);
      },
      (killed) => {
        // Its message comes back.
        if (killed) runJob(job);
      },
    );
  };
  const start = (name: string, act: () => void): Promise<'started' | 'exists'> => {
    if (started.has(name)) return Promise.resolve('exists');
    started.add(name);
    act();
    return Promise.resolve('started');
  };
  function send(request: AdvanceRequest): void {
    world.start(
      async (gate) => {
        await advanceSession(
          {
            sessions: gated(gate),
            startJob: async (job) => {
              await gate();
              await start(executionName(job.id, job.run), () => {
                runJob(job);
              });
            },
            stopJob: () => gate(),
            runPreServices: async () => {
              await gate();
              return { state: 'SUCCEEDED' };
            },
            runPostServices: async () => {
              await gate();
              await sessionData.keepUntil(session.id, now);
              return { state: 'SUCCEEDED' };
            },
            answerToken: async (token) => {
              await gate();
              const run = Number(token);
              if (sessionRuns.has(run)) finish(run);
              return true;
            },
            clock: () => now,
          },
          request,
        );
      },
      (killed) => {
        if (killed && random() < 0.7) send({ ...request, nodeId: undefined });
      },
    );
    if (random() < 0.15) send(request);
  }
  const person = ({ what, after, node }: (typeof persons)[number]) => {
    world.start(
      async (gate) => {
        for (let step = 0; step < after; step += 1) await gate();
        const sessions = gated(gate);
        const jobs = await sessions.getJobs(session.id);
        const job = jobs[node % jobs.length]!;
        const cancelling = {
          sessions,
          executions: { stop: () => gate() },
          queues: {
            send: async (_url: string, message: unknown) => {
              await gate();
              const { jobId } = message as { jobId?: string };
              send({ sessionId: session.id, nodeId: jobId === undefined ? undefined : job.nodeId });
            },
          },
          jobMachineArn: 'job',
          advanceQueueUrl: 'advance',
          clock: () => now,
        };
        if (what === 'cancel-session') await cancelSession(cancelling, session.id);
        else if (what === 'cancel-job') await cancelJob(cancelling, session.id, job.nodeId);
        else {
          await retrySession(
            {
              sessions,
              sessionData,
              objects: { size: () => Promise.resolve(1), getJson: () => Promise.resolve(plan) },
              executions: {
                start: async (_machine, _name, input) => {
                  await gate();
                  const { run } = input as { run: number };
                  startSession(run);
                  return 'started';
                },
              },
              sessionMachineArn: 'session',
              groups: { get: () => Promise.resolve(undefined) },
              reclaims: { use: () => Promise.resolve() },
              clock: () => now,
            },
            session.id,
            what === 'retry' ? {} : what === 'retry-all' ? { all: true } : { job: job.id },
          );
        }
      },
      (killed) => {
        // They ask once more.
        if (killed) person({ what, after: 1, node });
      },
    );
  };

  startSession(1);
  for (const each of persons) person(each);
  await world.run();
  let sweeps = 0;
  const current = async () => (await store.getSession(session.id))!;
  for (; !isTerminalSessionState((await current()).state) && sweeps < MAX_SWEEPS; sweeps += 1) {
    now += PLATFORM_NODE_LIMIT_MS + 1;
    const { run } = await current();
    if (sessionRuns.has(run)) {
      send({ sessionId: session.id, token: String(run), run });
    } else if (started.has(executionName(session.id, run))) {
      await store.restartSession(session.id, run);
      startSession(run + 1);
    } else startSession(run);
    await world.run();
  }
  return { store, planned, session: await current() };
};

const isEnd = (state: string): boolean => isTerminalJobState(state as JobState);

const verify = async (
  graph: Graph,
  persons: readonly { what: Act; after: number; node: number }[],
  seed: number,
  crashProbability: number,
): Promise<void> => {
  const { store, planned, session } = await simulate(graph, persons, seed, crashProbability);
  const jobs = await store.getJobs(session.id);

  expect(jobs.filter(({ kind, state }) => kind === 'job' && !isEnd(state))).toEqual([]);
  expect(isTerminalSessionState(session.state)).toBe(true);
  // Who asks for its end when all has ended may come too late.
  const outcomes = [session, {}].map((asked) => sessionOutcome(jobs, asked).state);
  expect(outcomes).toContain(session.state);

  const states = new Map<string, string>(planned.jobs.map((job) => [job.nodeId, job.state]));
  for (const { nodeId, from, to } of store.transitions) {
    expect(states.get(nodeId)).toBe(from);
    if (isEnd(from)) expect(to).toBe('WAITING');
    if (from === 'WAITING' && to === 'QUEUED') {
      for (const edge of planned.edges.filter((each) => each.to === nodeId)) {
        const source = states.get(edge.from) ?? '';
        expect(edge.kind === 'requires' ? source === 'SUCCEEDED' : isEnd(source)).toBe(true);
      }
    }
    states.set(nodeId, to);
  }
  for (const job of jobs.filter(({ kind }) => kind === 'job')) {
    const unmet = planned.edges.some(
      ({ to, from, kind }) =>
        to === job.nodeId && kind === 'requires' && states.get(from) !== 'SUCCEEDED',
    );
    if (job.state === 'SKIPPED') expect(unmet).toBe(true);
    else if (job.state !== 'CANCELLED') expect(unmet).toBe(false);
  }
};

const readable = graphs.map((graph) => ({ ...graph, imagesReadable: true }));

it('ends every job in a legal order, whatever persons cancel and retry meanwhile', async () => {
  expect.hasAssertions();
  const property = fc.asyncProperty(readable, acts, fc.integer(), (graph, persons, seed) =>
    verify(graph, persons, seed, 0),
  );

  await fc.assert(property, { numRuns: 400, includeErrorInReport: true });
}, 120_000);

it('ends every job in a legal order, wherever those die who cancel, retry and work on it', async () => {
  expect.hasAssertions();
  const probability = fc.constantFrom(0.01, 0.05);
  const property = fc.asyncProperty(readable, acts, fc.integer(), probability, verify);

  await fc.assert(property, { numRuns: 400, includeErrorInReport: true });
}, 120_000);
