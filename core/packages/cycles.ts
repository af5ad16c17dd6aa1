/** Circles in the `dependsOn` of one package: their jobs could never start, so they are refused at install. */
import type { JobDefinition } from '../contracts/configuration.ts';
import { EVENTS, type StableEvent } from '../contracts/vocabulary.ts';

export interface Cycle {
  readonly event: StableEvent;
  /** Each depends on the next, and the last on the first. */
  readonly jobs: readonly string[];
}

type Dependencies = Pick<JobDefinition, 'jobName' | 'events' | 'dependsOn'>;

const cyclesOf = (event: StableEvent, jobs: readonly Dependencies[]): Cycle[] => {
  const edges = new Map<string, readonly string[]>();
  for (const job of jobs) {
    // The first of two jobs with one name is the one that runs.
    if (job.events.includes(event) && !edges.has(job.jobName))
      edges.set(job.jobName, job.dependsOn);
  }
  const found: Cycle[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (name: string): void => {
    const start = path.indexOf(name);
    if (start >= 0) {
      found.push({ event, jobs: path.slice(start) });
      return;
    }
    if (done.has(name)) return;
    path.push(name);
    for (const dependency of edges.get(name) ?? []) if (edges.has(dependency)) visit(dependency);
    path.pop();
    done.add(name);
  };
  for (const name of edges.keys()) visit(name);
  return found;
};

/** Dependencies hold within one event, so each event is looked at by itself; one circle is told once. */
export const findCycles = (jobs: readonly Dependencies[]): Cycle[] => {
  const told = new Set<string>();
  return EVENTS.flatMap((event) => cyclesOf(event, jobs)).filter((cycle) => {
    const name = JSON.stringify([...cycle.jobs].sort());
    if (told.has(name)) return false;
    told.add(name);
    return true;
  });
};

/** `a → b → a` */
export const showCycle = (cycle: Cycle): string => [...cycle.jobs, cycle.jobs[0] ?? ''].join(' → ');
