/** The peer of small jobs: as many bare Python processes that do the same, as many at once as there are processors. */
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Milliseconds for all of them. */
export const barePythonMs = async (python: string, processes: number): Promise<number> => {
  const startedAt = performance.now();
  let waiting = processes;
  const lane = async (): Promise<void> => {
    while (waiting > 0) {
      waiting -= 1;
      await run(python, ['-c', 'import json, time; print(json.dumps(time.time()))']);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
  return performance.now() - startedAt;
};
