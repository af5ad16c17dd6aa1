/**
 * Keys of a session's graph. A small one lies in the session's own partition. A larger one is spread over partitions of
 * its own, because each takes 1,000 write units a second; their keys name who stored it, and the session says whose
 * graph is its own: whatever another writes, however late, is no part of it.
 */
import type { SpreadGraph } from './items.ts';
import { tableKeys, type TableKey } from './keys.ts';

/** Few, so that a graph of some thousand is spread evenly over what DynamoDB has: it puts keys where their hash says. */
const ITEMS_PER_PARTITION = 50;

/** Each is a query for whoever reads the whole graph. */
const MOST_PARTITIONS = 64;

const JOBS = 'J#';
const EDGES = 'E#';

/** How many partitions a graph of so many nodes and edges is spread over. */
export const partitionsFor = (items: number): number =>
  Math.min(MOST_PARTITIONS, Math.ceil(items / ITEMS_PER_PARTITION));

/** Keys that begin with `prefix`, in one partition. */
export interface KeyRange {
  readonly pk: string;
  readonly prefix: string;
}

export interface GraphKeys {
  readonly job: (nodeId: string) => TableKey;
  /** In the partition of its source. */
  readonly edge: (from: string, to: string) => TableKey;
  readonly edgesFrom: (nodeId: string) => KeyRange;
  /** Together they have every node; likewise every edge. */
  readonly jobs: readonly KeyRange[];
  readonly edges: readonly KeyRange[];
}

const spreadPartition = (sessionId: string, writer: string, partition: number): string =>
  `${tableKeys.sessionPartition(sessionId)}#${writer}#${String(partition)}`;

/** What the partition keys of every spread graph of a session are like, as IAM writes patterns. */
export const spreadPartitionPattern = (sessionId: string): string =>
  `${tableKeys.sessionPartition(sessionId)}#*`;

/** Without `spread`, the graph is in the session's own partition. */
export const graphKeys = (sessionId: string, spread?: SpreadGraph): GraphKeys => {
  const partitions =
    spread === undefined
      ? [tableKeys.sessionPartition(sessionId)]
      : Array.from({ length: spread.partitions }, (_, partition) =>
          spreadPartition(sessionId, spread.writer, partition),
        );
  // Nodes are numbered one after another, so each partition has as many as any other.
  const of = (nodeId: string): string =>
    partitions[Number(nodeId.slice(1)) % partitions.length] ?? '';
  return {
    job: (nodeId) => ({ pk: of(nodeId), sk: `${JOBS}${nodeId}` }),
    edge: (from, to) => ({ pk: of(from), sk: `${EDGES}${from}#${to}` }),
    edgesFrom: (nodeId) => ({ pk: of(nodeId), prefix: `${EDGES}${nodeId}#` }),
    jobs: partitions.map((pk) => ({ pk, prefix: JOBS })),
    edges: partitions.map((pk) => ({ pk, prefix: EDGES })),
  };
};
