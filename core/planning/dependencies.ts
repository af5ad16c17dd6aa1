/**
 * Resolves `dependsOn` among the jobs that passed for one object and event: the second half of dcm-processor's
 * resolution. It drops in silence what can never start; here each of them gets the reason, in a sentence.
 */

export interface Dependent {
  readonly name: string;
  readonly dependsOn: readonly string[];
}

export interface Resolution<T extends Dependent> {
  /** Each after everything that it depends on; otherwise in the order given. */
  readonly runnable: readonly T[];
  readonly unmet: readonly { readonly job: T; readonly reason: string }[];
}

/** The names from `start` along each job's first unmet dependency, up to the first that repeats or is no stuck job. */
const walk = (start: string, next: ReadonlyMap<string, string>): readonly string[] => {
  const path: string[] = [];
  const seen = new Set<string>();
  let name: string | undefined = start;
  while (name !== undefined && !seen.has(name)) {
    seen.add(name);
    path.push(name);
    name = next.get(name);
  }
  return name === undefined ? path : [...path, name];
};

const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(' → ');

/**
 * `absent` says of a name that no passing job has why that is so, as the end of the sentence `It depends on
 * "x", …`.
 */
export const resolveDependencies = <T extends Dependent>(
  passing: readonly T[],
  absent: (name: string) => string,
): Resolution<T> => {
  const runnable: T[] = [];
  const taken = new Set<string>();
  let waiting = passing;
  for (let before = -1; before !== runnable.length;) {
    before = runnable.length;
    const still: T[] = [];
    for (const job of waiting) {
      if (job.dependsOn.every((name) => taken.has(name))) {
        runnable.push(job);
        taken.add(job.name);
      } else {
        still.push(job);
      }
    }
    waiting = still;
  }

  const firstUnmet = new Map<string, string>();
  for (const { name, dependsOn } of waiting) {
    firstUnmet.set(name, dependsOn.find((other) => !taken.has(other)) ?? '');
  }
  const reasonOf = (name: string): string => {
    const unmet = firstUnmet.get(name) ?? '';
    if (unmet === '') return 'It depends on "", which no job can be called.';
    if (unmet === name) return 'It depends on itself.';
    if (!firstUnmet.has(unmet)) return `It depends on "${unmet}", ${absent(unmet)}.`;
    const path = walk(name, firstUnmet);
    const last = path.at(-1);
    if (last === name) return `It is in a circle of dependsOn: ${quoted(path)}.`;
    return `It depends on "${unmet}", which cannot start either: ${quoted(path)}.`;
  };
  return { runnable, unmet: waiting.map((job) => ({ job, reason: reasonOf(job.name) })) };
};
