/** Random groups, services and callbacks, and a runner of graphs that keeps to the rules of running them. */
import fc from 'fast-check';
import type { EdgeItem, JobItem } from '../../../core/contracts/items.ts';
import { shortHash } from '../../../core/contracts/keys.ts';
import { EVENTS } from '../../../core/contracts/vocabulary.ts';
import { aJob, aManifest, aSeries, aService, type Answer } from './factories.ts';

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

const job = fc
  .record({
    jobName: fc.constantFrom(...NAMES),
    events: fc.subarray([...EVENTS], { minLength: 1 }),
    dependsOn: fc.array(fc.constantFrom(...NAMES, 'missing', ''), { maxLength: 2 }),
    sortPosition: fc.integer({ min: 0, max: 3 }),
    disabled: fc.integer({ min: 0, max: 9 }).map((die) => die === 0),
    onError: fc.constantFrom('fail' as const, 'continue' as const),
    worker: fc.constantFrom(null, 'gpu', 'unknown'),
  })
  .map(({ jobName, ...facts }) => aJob(jobName, facts));

const services = fc
  .array(fc.array(job, { maxLength: 6 }), { maxLength: 3 })
  .map((packages) => packages.map((jobs, index) => aService(`service-${String(index)}`, jobs)));

const manifest = fc
  .record({
    key: fc.constantFrom('SeriesInstanceUID', 'StudyInstanceUID', 'PatientID'),
    series: fc.array(fc.tuple(fc.nat(1), fc.nat(2), fc.nat(3)), { minLength: 1, maxLength: 8 }),
  })
  .map(({ key, series }) =>
    aManifest({
      groupBy: [key],
      series: series.map(([patient, study, number]) =>
        aSeries({
          patientId: `P${String(patient)}`,
          studyInstanceUid: `${String(patient)}.${String(study)}`,
          seriesInstanceUid: `${String(patient)}.${String(study)}.${String(number)}`,
        }),
      ),
    }),
  );

/** A number from 0 to 99 that depends on everything given, and on nothing else. */
const die = (...parts: readonly unknown[]): number =>
  parseInt(shortHash(JSON.stringify(parts), 8), 16) % 100;

const answers = fc.nat().map((seed) => (jobName: string, objectId: string): Answer => {
  const thrown = die(seed, jobName, objectId);
  if (thrown < 10) return false;
  if (thrown < 15) return new Error('thrown');
  return thrown < 50 ? { thrown } : true;
});

export const scenario = fc.record({ services, manifest, answers });

/** Chooses which of the nodes that may end ends next, and how. */
export const choices = fc.nat().map((seed) => {
  let step = 0;
  return {
    pick: <T>(items: readonly T[]): T | undefined => {
      step += 1;
      return items[die(seed, step, 'pick') % items.length];
    },
    succeeds: (node: string): boolean => die(seed, node) >= 20,
  };
});

/**
 * Runs a graph by the rules of docs/architecture.md: a node whose incoming edges are gone starts and ends; a
 * `requires` edge of one that did not succeed skips its target at once, and so on from there. Returns the
 * nodes in the order in which they ended, each with those that had ended when it started.
 */
export const runGraph = (
  jobs: readonly JobItem[],
  edges: readonly EdgeItem[],
  {
    pick,
    succeeds,
  }: { pick: <T>(items: readonly T[]) => T | undefined; succeeds: (node: string) => boolean },
) => {
  const waiting = new Map(
    jobs.filter(({ state }) => state === 'WAITING').map((node) => [node.nodeId, node.waiting]),
  );
  const outgoing = new Map<string, EdgeItem[]>();
  for (const edge of edges) outgoing.set(edge.from, [...(outgoing.get(edge.from) ?? []), edge]);
  const ended = new Map<string, 'succeeded' | 'failed' | 'skipped'>();
  const started = new Map<string, ReadonlySet<string>>();

  const end = (node: string, outcome: 'succeeded' | 'failed' | 'skipped'): void => {
    if (ended.has(node)) return;
    ended.set(node, outcome);
    for (const { to, kind } of outgoing.get(node) ?? []) {
      waiting.set(to, (waiting.get(to) ?? 0) - 1);
      if (kind === 'requires' && outcome !== 'succeeded') end(to, 'skipped');
    }
  };

  for (;;) {
    const ready = [...waiting].filter(([node, count]) => count === 0 && !ended.has(node));
    const next = ready.length === 0 ? undefined : pick(ready);
    if (next === undefined) return { ended, started };
    started.set(next[0], new Set(ended.keys()));
    end(next[0], succeeds(next[0]) ? 'succeeded' : 'failed');
  }
};
