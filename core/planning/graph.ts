/**
 * The graph of a session: nodes and edges of what was planned for its objects. pre-services comes first, the
 * jobs of a level wait for those of the level below, post-services comes last. Two levels are joined by a
 * barrier where that takes fewer edges than joining every pair.
 */
import type { EdgeItem, JobItem, SessionItem } from '../contracts/items.ts';
import { jobId, nodeId } from '../contracts/keys.ts';
import { DEFAULT_WORKER } from '../contracts/names.ts';
import type { EdgeKind, NodeKind } from '../contracts/vocabulary.ts';
import type { Candidate } from './candidates.ts';
import type { ObjectPlan, SkippedJob } from './level.ts';

/** An object with those of the level below; without a plan when its event does not fire for the group. */
export interface PlanTree {
  readonly plan?: ObjectPlan | undefined;
  readonly children: readonly PlanTree[];
}

export interface Graph {
  readonly jobs: JobItem[];
  readonly edges: EdgeItem[];
  /** How many services' jobs will run; without any there is neither a platform node nor an edge. */
  readonly runnable: number;
}

export interface GraphContext {
  readonly session: Pick<SessionItem, 'id' | 'priority'>;
  /** Name → content hash of the installed workers; a job of any other runs on the default one. */
  readonly workers: ReadonlyMap<string, string | undefined>;
  /** Of the session's AE title: before a job that gives no `backoff` of its own is tried again. */
  readonly retryDelaySeconds: number;
  /** When skipped jobs ended, in milliseconds. */
  readonly now: number;
}

/** Node ids have five digits, and their text sorts as they do. */
const MAXIMUM_NODES = 100_000;

/** The group has more objects, or its services more jobs, than one session can hold. */
export class TooManyNodes extends Error {
  override readonly name = 'TooManyNodes';

  constructor() {
    super(`a session has at most ${String(MAXIMUM_NODES)} jobs`);
  }
}

type Node = string;

class GraphBuilder {
  readonly #context: GraphContext;
  readonly #jobs: JobItem[] = [];
  readonly #edges: EdgeItem[] = [];
  readonly #incoming = new Map<Node, number>();

  constructor(context: GraphContext) {
    this.#context = context;
  }

  #add(facts: Pick<JobItem, 'kind' | 'name'> & Partial<JobItem>): Node {
    if (this.#jobs.length >= MAXIMUM_NODES) throw new TooManyNodes();
    const { session } = this.#context;
    const node = nodeId(this.#jobs.length);
    this.#jobs.push({
      id: jobId(session.id, node),
      sessionId: session.id,
      nodeId: node,
      state: 'WAITING',
      waiting: 0,
      dependsOn: [],
      priority: session.priority,
      run: 0,
      attempt: 0,
      lostAttempts: 0,
      ...facts,
    });
    return node;
  }

  #connect(from: Node, to: Node, kind: EdgeKind): void {
    this.#edges.push({ sessionId: this.#context.session.id, from, to, kind });
    this.#incoming.set(to, (this.#incoming.get(to) ?? 0) + 1);
  }

  #service({ service, definition }: Candidate, plan: ObjectPlan): Partial<JobItem> {
    const { worker, retry, keepWarm, priority, memoryMiB } = definition;
    const { retryDelaySeconds } = this.#context;
    const hash = worker === null ? undefined : this.#context.workers.get(worker);
    return {
      service: service.name,
      serviceHash: service.hash,
      worker: worker !== null && this.#context.workers.has(worker) ? worker : DEFAULT_WORKER,
      ...(hash === undefined ? {} : { workerHash: hash }),
      workerEntry: definition.workerEntry,
      event: plan.event,
      object: { level: plan.document.level, uid: plan.document.uid },
      objectId: plan.document.objectId,
      timeoutSeconds: definition.timeoutSeconds,
      ...(priority === undefined ? {} : { priority }),
      ...(keepWarm === undefined ? {} : { keepWarm }),
      ...(memoryMiB === undefined ? {} : { memoryMiB }),
      ...(retry === undefined
        ? {}
        : {
            retry: {
              attempts: retry.attempts,
              backoffSeconds: retry.backoffSeconds ?? retryDelaySeconds,
            },
          }),
    };
  }

  platformNode(kind: Exclude<NodeKind, 'job'>): Node {
    return this.#add({ kind, name: kind });
  }

  /** The new nodes: all of them, and those that wait for no other of them. */
  runs(plan: ObjectPlan): { all: Node[]; roots: Node[] } {
    const all: Node[] = [];
    const roots: Node[] = [];
    const known = new Map<string, { node: Node; kind: EdgeKind }>();
    for (const candidate of plan.runs) {
      const { jobName, dependsOn, onError } = candidate.definition;
      const needed = [...new Set(dependsOn)].flatMap((name) => known.get(name) ?? []);
      const node = this.#add({
        kind: 'job',
        name: jobName,
        ...this.#service(candidate, plan),
        dependsOn: needed.map((dependency) => dependency.node),
      });
      for (const dependency of needed) this.#connect(dependency.node, node, dependency.kind);
      // Who depends on a job that may fail asks only that it has ended.
      known.set(jobName, { node, kind: onError === 'continue' ? 'after' : 'requires' });
      all.push(node);
      if (needed.length === 0) roots.push(node);
    }
    return { all, roots };
  }

  skipped(plan: ObjectPlan, { candidate, reason, error }: SkippedJob): void {
    this.#add({
      kind: 'job',
      name: candidate.definition.jobName,
      ...this.#service(candidate, plan),
      state: 'SKIPPED',
      reason,
      endedAt: this.#context.now,
      ...(error === undefined ? {} : { broken: true, error }),
    });
  }

  /** Each target waits until every source has ended. */
  join(sources: readonly Node[], targets: readonly Node[]): void {
    if (sources.length * targets.length > sources.length + targets.length) {
      const barrier = this.platformNode('barrier');
      for (const source of sources) this.#connect(source, barrier, 'after');
      for (const target of targets) this.#connect(barrier, target, 'after');
    } else {
      for (const source of sources) {
        for (const target of targets) this.#connect(source, target, 'after');
      }
    }
  }

  finish(runnable: number): Graph {
    const jobs = this.#jobs.map((job) => ({
      ...job,
      waiting: this.#incoming.get(job.nodeId) ?? 0,
    }));
    return { jobs, edges: this.#edges, runnable };
  }
}

const countRuns = (trees: readonly PlanTree[]): number =>
  trees.reduce(
    (sum, { plan, children }) => sum + (plan?.runs.length ?? 0) + countRuns(children),
    0,
  );

/**
 * Nodes are numbered in the order of planning. Every job of a level, and not only those that no other
 * depends on, is waited for by the level above: a job whose dependency failed is over at once, while others
 * that it also depends on may still be running.
 */
export const buildGraph = (trees: readonly PlanTree[], context: GraphContext): Graph => {
  const builder = new GraphBuilder(context);
  const runnable = countRuns(trees);
  const entry = runnable === 0 ? [] : [builder.platformNode('pre-services')];

  /** What the level above waits for: this object's own jobs, or without any those of the levels below. */
  const place = ({ plan, children }: PlanTree): readonly Node[] => {
    const below = children.flatMap(place);
    if (plan === undefined) return below;
    const { all, roots } = builder.runs(plan);
    for (const job of plan.skipped) builder.skipped(plan, job);
    if (all.length === 0) return below;
    builder.join(below.length === 0 ? entry : below, roots);
    return all;
  };

  const last = trees.flatMap(place);
  if (runnable > 0) builder.join(last, [builder.platformNode('post-services')]);
  return builder.finish(runnable);
};
