/**
 * Invariants E and F for graphs that are spread over partitions: however many planners store a session's graph at the
 * same time, wherever they stall or die, and while others already move it on, the session has one graph, whole from the
 * moment at which it runs; every job of it ends once, after all that it waits for; nothing comes back, and of other
 * graphs nothing stays.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { tableSessions } from '../../aws/sessions.ts';
import { dynamoTable } from '../../aws/table.ts';
import { seeded } from '../../bench/scale/random.ts';
import { graphKeys } from '../../core/contracts/graph-keys.ts';
import { SessionItem, type EdgeItem, type JobItem } from '../../core/contracts/items.ts';
import { tableKeys } from '../../core/contracts/keys.ts';
import type { JobState } from '../../core/contracts/vocabulary.ts';
import { advanceSession } from '../../core/running/advance-session.ts';
import { PLATFORM_NODE_LIMIT_MS } from '../../core/running/graph-pass.ts';
import type { SessionStore } from '../../core/running/session-store.ts';
import { isTerminalJobState } from '../../core/running/states.ts';
import { interleaving } from '../support/interleaving.ts';
import { memoryDocuments } from '../support/memory-documents.ts';
import { buildGraph, graphs, type Graph } from '../support/random-graphs.ts';
import { aSession } from '../support/sessions.ts';

/** So many that no graph fits into one transaction. */
const MORE_JOBS = 36;
const CRASHES = 6;

const enlarged = (graph: Graph): Graph => {
  const more = <T>(value: T) => Array.from({ length: MORE_JOBS }, () => value);
  return {
    ...graph,
    kinds: [...graph.kinds, ...more('job' as const)],
    outcomes: [...graph.outcomes, ...more('SUCCEEDED' as const)],
    tries: [...graph.tries, ...more(1)],
    imagesReadable: true,
  };
};

interface Transition {
  readonly nodeId: string;
  readonly to: JobState;
}

const simulate = async (graph: Graph, planners: number, seed: number, crashing: number) => {
  const random = seeded(seed);
  const session = aSession();
  const planned = buildGraph(session.id, enlarged(graph));
  const metaKey = tableKeys.session(session.id);

  const transitions: Transition[] = [];
  /** What the session's graph was when it began to run, and what came into it afterwards. */
  const seen = { jobs: [] as unknown[], edges: [] as unknown[], cameBack: 0, openings: 0 };
  let keys: ReturnType<typeof graphKeys> | undefined;
  const documents = memoryDocuments((key, before, after) => {
    const pk = String(key['pk']);
    if (pk === metaKey.pk && before?.['state'] === 'PLANNING' && after?.['state'] === 'RUNNING') {
      keys = graphKeys(session.id, SessionItem.parse(after).graph);
      seen.openings += 1;
      for (const { pk: partition } of keys.jobs) {
        for (const [sk, item] of documents.items.get(partition) ?? []) {
          (sk.startsWith('J#') ? seen.jobs : seen.edges).push(item);
        }
      }
      return;
    }
    if (keys?.jobs.some((range) => range.pk === pk) !== true) return;
    if (before === undefined) seen.cameBack += 1;
    const [from, to] = [before?.['state'], after?.['state']] as (JobState | undefined)[];
    if (to !== undefined && from !== to)
      transitions.push({ nodeId: String(after?.['nodeId']), to });
  });
  const store = (gate?: () => Promise<void>): SessionStore =>
    tableSessions(dynamoTable(documents.client(gate === undefined ? {} : { before: gate }), 't'));
  const own = store();
  await own.createSession(session);
  // Who has looked before there is a graph finds it all the same.
  await own.getJobs(session.id);

  let crashes = 0;
  const world = interleaving(random, () => {
    const crash = crashes < CRASHES && random() < crashing;
    if (crash) crashes += 1;
    return crash;
  });
  let now = 1_000_000;
  const end = { isComplete: false };
  const outcomeOf = ({ nodeId }: JobItem) => graph.outcomes[Number(nodeId.slice(1)) - 1];
  const started = new Set<string>();
  const pass = (nodeId?: string): void => {
    world.start(
      async (gate) => {
        await advanceSession(
          {
            sessions: store(gate),
            startJob: (job) => {
              if (started.has(job.id)) return Promise.resolve();
              started.add(job.id);
              runJob(job);
              return Promise.resolve();
            },
            stopJob: () => Promise.resolve(),
            runPreServices: () => Promise.resolve({ state: 'SUCCEEDED' }),
            runPostServices: () => Promise.resolve({ state: 'SUCCEEDED' }),
            answerToken: () => {
              end.isComplete = true;
              return Promise.resolve(true);
            },
            clock: () => now,
          },
          { sessionId: session.id, nodeId, token: 'token', run: 1 },
        );
      },
      () => undefined,
    );
  };
  function runJob(job: JobItem): void {
    world.start(
      async () => {
        await own.leaseJob(job.sessionId, job.nodeId, job.run, 'runner', now);
        const state = outcomeOf(job) ?? 'SUCCEEDED';
        await own.finishJob(job.sessionId, job.nodeId, 1, { state }, now);
        pass(job.nodeId);
      },
      () => undefined,
    );
  }
  const answers: boolean[] = [];
  const plan = (): void => {
    world.start(
      async (gate) => {
        const { jobs, edges } = planned;
        const [sessions, current] = [store(gate), await store(gate).getSession(session.id)];
        if (current?.state === 'PLANNING') {
          answers.push(await sessions.storePlan(session, jobs, edges, now));
        } else if (current !== undefined) {
          await sessions.removeOtherGraphs(current);
        }
        pass();
      },
      // Its message is delivered again.
      (killed) => {
        if (killed) plan();
      },
    );
  };
  for (let planner = 0; planner < planners; planner += 1) plan();
  pass();
  await world.run();
  for (let sweeps = 0; !end.isComplete && sweeps < CRASHES + 2; sweeps += 1) {
    now += PLATFORM_NODE_LIMIT_MS + 1;
    pass();
    await world.run();
  }
  const partitions = [...documents.items].filter(([, items]) => items.size > 0);
  const left = partitions
    .map(([pk]) => pk)
    .filter((pk) => pk.startsWith(`${metaKey.pk}#`))
    .filter((pk) => keys?.jobs.some((range) => range.pk === pk) !== true);
  return {
    planned,
    seen,
    transitions,
    answers,
    left,
    crashes,
    isComplete: end.isComplete,
    jobs: await own.getJobs(session.id),
  };
};

const withoutKeys = (items: readonly unknown[]): unknown[] =>
  items.map((item) => {
    const entries = Object.entries(item as Record<string, unknown>);
    return Object.fromEntries(entries.filter(([name]) => name !== 'pk' && name !== 'sk'));
  });

const nameOf = (item: unknown): string => {
  const { nodeId = '', from = '', to = '' } = item as Partial<JobItem & EdgeItem>;
  return `${nodeId} ${from} ${to}`;
};
const inOrder = (items: readonly unknown[]): unknown[] =>
  items.toSorted((one, other) => nameOf(one).localeCompare(nameOf(other)));

const verify = async (
  graph: Graph,
  planners: number,
  seed: number,
  crashing: number,
): Promise<void> => {
  const { planned, seen, transitions, answers, left, crashes, isComplete, jobs } = await simulate(
    ...([graph, planners, seed, crashing] as const),
  );

  expect(seen.openings).toBe(1);
  expect(inOrder(withoutKeys(seen.jobs))).toEqual(inOrder(planned.jobs));
  expect(inOrder(withoutKeys(seen.edges))).toEqual(inOrder(planned.edges));
  expect(seen.cameBack).toBe(0);
  expect(isComplete).toBe(true);
  // Who dies between the opening and the answer has opened it all the same.
  expect(answers.filter(Boolean).length).toBeLessThanOrEqual(1);
  if (crashes === 0) expect(answers.filter(Boolean)).toHaveLength(1);
  expect(left).toEqual([]);

  const first = (nodeId: string, holds: (state: JobState) => boolean): number =>
    transitions.findIndex((each) => each.nodeId === nodeId && holds(each.to));
  for (const { nodeId, state } of jobs) {
    const ends = transitions.filter(
      (each) => each.nodeId === nodeId && isTerminalJobState(each.to),
    );
    expect(ends).toHaveLength(1);
    if (state === 'SKIPPED') continue;
    const began = first(nodeId, () => true);
    for (const { from } of planned.edges.filter(({ to }) => to === nodeId)) {
      expect(first(from, isTerminalJobState)).toBeLessThan(began);
    }
  }
};

it('has one whole graph that runs in order, whoever else plans it and wherever they die', async () => {
  expect.hasAssertions();
  const property = fc.asyncProperty(
    ...([
      graphs,
      fc.integer({ min: 1, max: 3 }),
      fc.integer(),
      fc.constantFrom(0, 0.01, 0.1),
    ] as const),
    verify,
  );

  await fc.assert(property, { numRuns: 150, includeErrorInReport: true });
}, 120_000);
