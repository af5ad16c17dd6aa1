/**
 * What `fetch` tells `report` through the task's private volume: which attempt this task is, and what it logged.
 * Without it there is nothing to report: `fetch` has told the outcome itself, or died.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { JobItem } from '../../core/contracts/items.ts';
import { TaskCredentials } from '../../core/contracts/task-credentials.ts';

const TaskState = z.object({
  /** As the lease left it. */
  job: JobItem,
  groupId: z.string(),
  /** What the pre scripts printed. */
  log: z.string(),
  /** What waits for the job's end. */
  token: z.string(),
  /** Absent where every container has the platform's own. */
  credentials: TaskCredentials.optional(),
});
export type TaskState = z.infer<typeof TaskState>;

const FILE = 'task.json';

export const writeTaskState = async (folder: string, state: TaskState): Promise<void> => {
  const file = join(folder, FILE);
  await writeFile(`${file}.partial`, JSON.stringify(state), { mode: 0o600 });
  await rename(`${file}.partial`, file);
};

/** Undefined when `fetch` has left none. */
export const readTaskState = async (folder: string): Promise<TaskState | undefined> => {
  try {
    return TaskState.parse(JSON.parse(await readFile(join(folder, FILE), 'utf8')));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
};
