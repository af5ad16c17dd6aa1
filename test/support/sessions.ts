/** Sessions, jobs and edges for tests: complete items of which a test names what matters to it. */
import type { EdgeItem, JobItem, SessionItem } from '../../core/contracts/items.ts';
import { jobId, nodeId, sessionId } from '../../core/contracts/keys.ts';

let sequence = 0;

export const aSession = (facts: Partial<SessionItem> = {}): SessionItem => {
  sequence += 1;
  return {
    id: sessionId(`group-${sequence}`, 'default'),
    groupId: `group-${sequence}`,
    aeTitle: 'GANTRY',
    pipeline: 'default',
    pipelineName: 'default',
    priority: 'normal',
    state: 'PLANNING',
    run: 1,
    createdAt: 1_000_000 + sequence,
    studies: [`1.2.3.${sequence}`],
    instanceCount: 3,
    ...facts,
  };
};

export const aNode = (session: string, index: number, facts: Partial<JobItem> = {}): JobItem => ({
  id: jobId(session, nodeId(index)),
  sessionId: session,
  nodeId: nodeId(index),
  kind: 'job',
  name: `job-${index}`,
  state: 'WAITING',
  waiting: 0,
  dependsOn: [],
  priority: 'normal',
  run: 0,
  attempt: 0,
  lostAttempts: 0,
  ...(facts.kind === undefined || facts.kind === 'job'
    ? { service: 'service', worker: 'default' }
    : {}),
  ...facts,
});

export const anEdge = (
  session: string,
  from: number,
  to: number,
  kind: EdgeItem['kind'] = 'requires',
): EdgeItem => ({ sessionId: session, from: nodeId(from), to: nodeId(to), kind });

/** Nodes whose `waiting` is the number of edges that come in. */
export const counted = (jobs: readonly JobItem[], edges: readonly EdgeItem[]): JobItem[] =>
  jobs.map((job) => ({ ...job, waiting: edges.filter((edge) => edge.to === job.nodeId).length }));

/** pre-services → `jobs` → post-services, as a graph of nodes 0, 1 … n + 1. */
export const aLine = (session: string, jobs = 1): { jobs: JobItem[]; edges: EdgeItem[] } => {
  const nodes = [
    aNode(session, 0, { kind: 'pre-services', name: 'pre-services' }),
    ...Array.from({ length: jobs }, (_, index) => aNode(session, index + 1)),
    aNode(session, jobs + 1, { kind: 'post-services', name: 'post-services' }),
  ];
  const edges = nodes
    .slice(1)
    .map((_, index) =>
      anEdge(session, index, index + 1, index === 0 || index === jobs ? 'after' : 'requires'),
    );
  return { jobs: counted(nodes, edges), edges };
};
