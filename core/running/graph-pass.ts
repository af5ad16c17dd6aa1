/**
 * Moves the graph of a session on: from ended nodes over their edges to the nodes that became ready, or that
 * can never run. Nothing is remembered between calls and every write is conditional, so passes may be repeated,
 * overlap, or stop anywhere. A whole pass finds whatever another has left undone: edges of ended nodes,
 * ready nodes that still wait, queued jobs without an execution.
 */
import type { EdgeItem, JobItem } from '../contracts/items.ts';
import type { Clock } from '../contracts/ports.ts';
import { forEach, limiter, type Limiter } from './concurrency.ts';
import { effectOnTarget } from './failure-rules.ts';
import type { JobOutcome, SessionStore } from './session-store.ts';
import { isTerminalJobState } from './states.ts';

/** Store calls and starts of executions at a time: well below what DynamoDB and Step Functions take at once. */
export const PASS_CONCURRENCY = 16;

/** After this long in milliseconds, who runs a platform node must be dead: the function's own time limit. */
export const PLATFORM_NODE_LIMIT_MS = 60_000;

export interface GraphPassDependencies {
  readonly sessions: Pick<
    SessionStore,
    | 'getJobs'
    | 'getJob'
    | 'getEdges'
    | 'getEdgesFrom'
    | 'releaseEdge'
    | 'queueJob'
    | 'skipJob'
    | 'cancelJob'
    | 'beginPlatformNode'
    | 'finishPlatformNode'
  >;
  /** Starts the execution of the job's run; does nothing when it was started before. */
  readonly startJob: (job: JobItem) => Promise<void>;
  /** Ends the execution of the job's run, for the job was cancelled; nothing when there is none. */
  readonly stopJob: (job: JobItem) => Promise<void>;
  /** The platform's own nodes. They may run again after a crash. */
  readonly runPreServices: (sessionId: string) => Promise<JobOutcome>;
  readonly runPostServices: (sessionId: string) => Promise<JobOutcome>;
  readonly clock: Clock;
}

export class GraphPass {
  readonly #deps: GraphPassDependencies;
  readonly #sessionId: string;
  readonly #limit: Limiter = limiter(PASS_CONCURRENCY);

  constructor(deps: GraphPassDependencies, sessionId: string) {
    this.#deps = deps;
    this.#sessionId = sessionId;
  }

  /**
   * A run of a node has ended: releases what waited for the node, or starts its next run if it is to be tried
   * again. Nothing when neither is so.
   */
  async nodeEnded(nodeId: string): Promise<void> {
    const node = await this.#get(nodeId);
    if (node === undefined) return;
    if (node.kind === 'job' && node.state === 'QUEUED') {
      await this.#limit(() => this.#deps.startJob(node));
    } else {
      await this.#release(node);
    }
  }

  /** Everything that could be moved on anywhere in the graph. */
  async whole(): Promise<void> {
    const { sessions } = this.#deps;
    const [jobs, edges] = await Promise.all([
      sessions.getJobs(this.#sessionId),
      sessions.getEdges(this.#sessionId),
    ]);
    const edgesFrom = Map.groupBy(edges, (edge) => edge.from);
    await forEach(jobs, async (job) => {
      if (isTerminalJobState(job.state)) {
        await this.#release(job, edgesFrom.get(job.nodeId) ?? []);
      } else if (job.state === 'WAITING' || job.kind !== 'job') {
        await this.#begin(job);
      } else if (job.state === 'QUEUED') {
        // Who queued it may have died before starting its execution; started twice is started once.
        await this.#limit(() => this.#deps.startJob(job));
      }
    });
  }

  /**
   * Ends every job of a service that has not ended and that no retry after `sessionEpoch` has reset. After this
   * no other can begin, whoever else is at work: each write that moves a job on asks for the state that it had.
   */
  async cancelJobs(reason: string, sessionEpoch = 0): Promise<void> {
    const { sessions, stopJob, clock } = this.#deps;
    const jobs = await sessions.getJobs(this.#sessionId);
    const open = jobs.filter(
      ({ kind, state, epoch = 0 }) =>
        kind === 'job' && !isTerminalJobState(state) && epoch <= sessionEpoch,
    );
    await forEach(open, ({ nodeId, epoch }) =>
      this.#limit(async () => {
        const why = { reason, epoch };
        const job = await sessions.cancelJob(this.#sessionId, nodeId, why, clock());
        if (job !== undefined && job.run > 0) await stopJob(job);
      }),
    );
  }

  #get(nodeId: string): Promise<JobItem | undefined> {
    return this.#limit(() => this.#deps.sessions.getJob(this.#sessionId, nodeId));
  }

  async #release(source: JobItem, known?: readonly EdgeItem[]): Promise<void> {
    if (!isTerminalJobState(source.state)) return;
    const { sessions } = this.#deps;
    const edges =
      known ?? (await this.#limit(() => sessions.getEdgesFrom(this.#sessionId, source.nodeId)));
    // Edges of a retry that came after `source` was read say nothing about how it ended before.
    const current = edges.filter(({ epoch }) => epoch === source.epoch);
    await forEach(current, (edge) => this.#releaseOver(edge, source));
  }

  async #releaseOver(edge: EdgeItem, source: JobItem): Promise<void> {
    const { sessions, clock } = this.#deps;
    if (source.state !== 'SUCCEEDED') {
      const target = await this.#get(edge.to);
      if (target === undefined) return;
      const effect = effectOnTarget(edge, source, target);
      if (effect.effect === 'skip') {
        const why = { ...effect, epoch: edge.epoch };
        await this.#limit(() => sessions.skipJob(this.#sessionId, edge.to, why, clock()));
        // This edge goes last, so that whoever repeats this after a crash comes by here again.
        await this.nodeEnded(edge.to);
      }
    }
    await this.#limit(() => sessions.releaseEdge(edge));
    const target = await this.#get(edge.to);
    if (target !== undefined) await this.#begin(target);
  }

  /** Starts a node that waits for nothing any more; a platform node is also taken over from one who died. */
  async #begin(node: JobItem): Promise<void> {
    if (isTerminalJobState(node.state)) return;
    if (node.state === 'WAITING' && node.waiting > 0) return;
    switch (node.kind) {
      case 'job':
        if (node.state === 'WAITING') await this.#queue(node);
        return;
      case 'barrier':
        return this.#end(node, { state: 'SUCCEEDED' });
      case 'pre-services':
        return this.#run(node, this.#deps.runPreServices);
      case 'post-services':
        return this.#run(node, this.#deps.runPostServices);
    }
  }

  async #queue(node: JobItem): Promise<void> {
    const { sessions, startJob, clock } = this.#deps;
    await this.#limit(async () => {
      const queued = await sessions.queueJob(this.#sessionId, node.nodeId, clock());
      if (queued !== undefined) await startJob(queued);
    });
  }

  async #run(node: JobItem, act: (sessionId: string) => Promise<JobOutcome>): Promise<void> {
    const { sessions, clock } = this.#deps;
    const now = clock();
    const staleBefore = now - PLATFORM_NODE_LIMIT_MS;
    const mine = await this.#limit(() =>
      sessions.beginPlatformNode(this.#sessionId, node.nodeId, now, staleBefore),
    );
    if (mine) await this.#end(node, await act(this.#sessionId));
  }

  async #end(node: JobItem, outcome: JobOutcome): Promise<void> {
    const { sessions, clock } = this.#deps;
    await this.#limit(() =>
      sessions.finishPlatformNode(this.#sessionId, node.nodeId, node.epoch, outcome, clock()),
    );
    // Read again: somebody else may have ended it, and otherwise.
    await this.nodeEnded(node.nodeId);
  }
}
