/** Nothing that a benchmark has started outlives it: whoever stops the one stops the others. */
import type { ChildProcess } from 'node:child_process';

/** Tells the child to end when this process ends first. */
export const endWithUs = (child: ChildProcess): void => {
  const end = (): void => {
    child.kill('SIGTERM');
  };
  process.once('exit', end);
  child.once('exit', () => {
    process.off('exit', end);
  });
};
