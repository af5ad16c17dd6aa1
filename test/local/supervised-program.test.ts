/** Programs that are started again, as real processes. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startChildProgram, type ChildProgram } from '../../local/child-program.ts';
import { isAlive, recordedProcesses } from '../../local/processes.ts';
import { supervise, type SupervisedProgram } from '../../local/supervised-program.ts';

const RUNS = 'setInterval(() => {}, 1000);';

let folder: string;
let supervised: SupervisedProgram | undefined;
const pids: number[] = [];
const ends: { message: string; pauseMs: number }[] = [];

const start = async (script = RUNS): Promise<ChildProgram> => {
  const program = await startChildProgram({
    name: 'example',
    command: process.execPath,
    arguments: ['-e', script],
    environment: {},
    workingDirectory: folder,
    logFile: join(folder, 'example.log'),
    pidFolder: join(folder, 'pids'),
  });
  pids.push(program.pid);
  return program;
};

const keep = async (again: () => Promise<ChildProgram>): Promise<SupervisedProgram> => {
  supervised = supervise(await start(), {
    start: again,
    onEnd: ({ message }, pauseMs) => {
      ends.push({ message, pauseMs });
    },
  });
  return supervised;
};

const kill = (pid: number | undefined): void => {
  process.kill(pid ?? 0, 'SIGKILL');
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-supervised-'));
  mkdirSync(join(folder, 'pids'));
  pids.length = 0;
  ends.length = 0;
});
afterEach(async () => {
  await supervised?.stop(0);
  rmSync(folder, { recursive: true });
});

describe('a supervised program', () => {
  it('runs again after it was killed, which is told with its reason', async () => {
    await keep(() => start());

    kill(pids[0]);
    await expect.poll(() => pids.length, { timeout: 5000 }).toBe(2);

    expect(ends).toEqual([
      { message: expect.stringContaining('ended by SIGKILL') as string, pauseMs: 500 },
    ]);
    expect(isAlive(pids[1] ?? 0)).toBe(true);
  });

  it('is given twice as long each time when it ends at once', async () => {
    await keep(() => start('process.exit(1)'));

    kill(pids[0]);
    await expect.poll(() => ends.length, { timeout: 10_000 }).toBe(3);

    expect(ends.map(({ pauseMs }) => pauseMs)).toEqual([500, 1000, 2000]);
  });

  it('is not started again once it was stopped', async () => {
    const program = await keep(() => start());

    kill(pids[0]);
    await expect.poll(() => ends.length).toBe(1);
    await program.stop(0);

    expect(pids).toHaveLength(1);
    expect(recordedProcesses(join(folder, 'pids'))).toEqual([]);
  });

  it('is told about when it cannot even be started', async () => {
    const program = await keep(() => Promise.reject(new Error('no such program')));

    kill(pids[0]);

    expect(await program.failed).toMatchObject({ message: 'no such program' });
  });
});
