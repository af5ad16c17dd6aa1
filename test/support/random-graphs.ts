/** Graphs of sessions as fast-check makes them: jobs and barriers in any order, between the platform's two nodes. */
import fc from 'fast-check';
import type { EdgeItem, JobItem } from '../../core/contracts/items.ts';
import { nodeId } from '../../core/contracts/keys.ts';
import { aNode, anEdge, counted } from './sessions.ts';

export type Outcome = 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT';

export interface Graph {
  readonly kinds: readonly ('job' | 'barrier')[];
  /** From and to as indexes into `kinds`; a pair is turned so that it goes upwards. */
  readonly pairs: readonly (readonly [number, number, EdgeItem['kind']])[];
  readonly outcomes: readonly Outcome[];
  /** How often each is tried in all; one that is to succeed does so at the last try. */
  readonly tries: readonly number[];
  readonly imagesReadable: boolean;
}

export const graphs: fc.Arbitrary<Graph> = fc.integer({ min: 1, max: 14 }).chain((size) => {
  const node = fc.nat({ max: size - 1 });
  const kind = fc.constantFrom('requires' as const, 'after' as const);
  const outcome = fc.oneof(
    { weight: 3, arbitrary: fc.constant<Outcome>('SUCCEEDED') },
    { weight: 1, arbitrary: fc.constantFrom<Outcome>('FAILED', 'TIMED_OUT') },
  );
  return fc.record({
    kinds: fc.array(fc.constantFrom('job', 'job', 'job', 'barrier'), {
      minLength: size,
      maxLength: size,
    }),
    pairs: fc.array(fc.tuple(node, node, kind), { maxLength: 2 * size }),
    outcomes: fc.array(outcome, { minLength: size, maxLength: size }),
    tries: fc.array(fc.constantFrom(1, 1, 1, 2, 3), { minLength: size, maxLength: size }),
    imagesReadable: fc.oneof(
      { weight: 9, arbitrary: fc.constant(true) },
      { weight: 1, arbitrary: fc.constant(false) },
    ),
  });
});

/** Node 0 is pre-services, before all that waits for nothing else; the last is post-services, after all. */
export const buildGraph = (
  session: string,
  graph: Graph,
): { jobs: JobItem[]; edges: EdgeItem[] } => {
  const size = graph.kinds.length;
  const edges = new Map<string, EdgeItem>();
  const connect = (from: number, to: number, kind: EdgeItem['kind']) => {
    edges.set(`${from}>${to}`, anEdge(session, from, to, kind));
  };
  for (const [one, other, kind] of graph.pairs) {
    if (one !== other) connect(Math.min(one, other) + 1, Math.max(one, other) + 1, kind);
  }
  for (let node = 1; node <= size; node += 1) {
    if (![...edges.values()].some((edge) => edge.to === nodeId(node))) connect(0, node, 'after');
  }
  for (let node = 0; node <= size; node += 1) connect(node, size + 1, 'after');
  const nodes = [
    aNode(session, 0, { kind: 'pre-services', name: 'pre-services' }),
    ...graph.kinds.map((kind, index) => {
      const attempts = kind === 'job' ? (graph.tries[index] ?? 1) : 1;
      const retry = attempts > 1 ? { retry: { attempts, backoffSeconds: 5 } } : {};
      return aNode(session, index + 1, { kind, ...retry });
    }),
    aNode(session, size + 1, { kind: 'post-services', name: 'post-services' }),
  ];
  return { jobs: counted(nodes, [...edges.values()]), edges: [...edges.values()] };
};
