/** After each test that failed: what the shared Gantry has logged since its file began, or since the failure before. */
import { afterAll, afterEach, inject } from 'vitest';
import { GantryLogs } from './gantry-logs.ts';

/** What a test, a suite and a file have in common. */
interface Task {
  readonly name: string;
  readonly result?: { readonly state: string };
  readonly tasks?: readonly Task[];
}

const logs = new GantryLogs(inject('gantry').dataDirectory);
let told = false;

const tell = (name: string): void => {
  told = true;
  process.stderr.write(`\nAt the end of "${name}", which failed:\n${logs.news()}\n\n`);
};

const hasFailed = (task: Task): boolean =>
  task.result?.state === 'fail' || task.tasks?.some(hasFailed) === true;

afterEach(({ task }) => {
  if (hasFailed(task)) tell(`${task.file.name}: ${task.name}`);
});

/** A hook before all tests of a suite is of no test. */
afterAll(({}, file) => {
  if (!told && hasFailed(file)) tell(file.name);
});
