import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startChildProgram, type ChildProgram } from '../../local/child-program.ts';
import { isAlive, recordedProcesses } from '../../local/processes.ts';

let folder: string;
const started: ChildProgram[] = [];

const start = async (script: string): Promise<ChildProgram> => {
  const program = await startChildProgram({
    name: 'example',
    command: process.execPath,
    arguments: ['-e', script],
    environment: {},
    workingDirectory: folder,
    logFile: join(folder, 'example.log'),
    pidFolder: join(folder, 'pids'),
  });
  started.push(program);
  return program;
};

const untilLogged = async (text: string): Promise<void> => {
  await expect.poll(() => readFileSync(join(folder, 'example.log'), 'utf8')).toContain(text);
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-program-'));
  mkdirSync(join(folder, 'pids'));
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((program) => program.stop(0)));
  rmSync(folder, { recursive: true });
});

const RUNS = "console.log('up'); setInterval(() => {}, 1000);";

describe('a program of the embedded cloud', () => {
  it('is told about with the end of its log when it ends by itself', async () => {
    const program = await start("console.log('out of memory'); process.exit(3)");

    const failure = await program.ended;

    expect(failure.message).toMatch(/^example ended with code 3/);
    expect(failure.message).toContain('out of memory');
  });

  it('cannot be started when there is no such command', async () => {
    const missing = startChildProgram({
      name: 'example',
      command: join(folder, 'missing'),
      arguments: [],
      environment: {},
      workingDirectory: folder,
      logFile: join(folder, 'example.log'),
      pidFolder: join(folder, 'pids'),
    });

    await expect(missing).rejects.toThrow(/example could not be started/);
  });

  it('ends in order when it is stopped, and its record with it', async () => {
    const program = await start(`process.on('SIGTERM', () => process.exit(0)); ${RUNS}`);
    await untilLogged('up');

    expect(await program.stop(10_000)).toBe(true);
    expect(isAlive(program.pid)).toBe(false);
    expect(readdirSync(join(folder, 'pids'))).toEqual([]);
  });

  it('is killed when it does not end in its time', async () => {
    const program = await start(`process.on('SIGTERM', () => {}); ${RUNS}`);
    await untilLogged('up');

    expect(await program.stop(100)).toBe(false);
    expect(isAlive(program.pid)).toBe(false);
  });

  it('takes what it has started with it', async () => {
    const program = await start(
      "const { spawn } = require('node:child_process');" +
        "const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);" +
        'console.log(`child ${child.pid}.`);' +
        'setInterval(() => {}, 1000);',
    );
    await untilLogged('.');
    const child = Number(
      /child (\d+)/.exec(readFileSync(join(folder, 'example.log'), 'utf8'))?.[1],
    );

    await program.stop(1000);

    await expect.poll(() => isAlive(child)).toBe(false);
  });

  it('keeps its last log beside the new one', async () => {
    await (
      await start("console.log('first')")
    ).ended;
    await (
      await start("console.log('second')")
    ).ended;

    expect(readFileSync(join(folder, 'example.log.previous'), 'utf8')).toContain('first');
    expect(readFileSync(join(folder, 'example.log'), 'utf8')).toContain('second');
  });
});

describe('recorded processes', () => {
  it('are found by their number while they run the recorded command', async () => {
    const program = await start(RUNS);
    await untilLogged('up');

    expect(recordedProcesses(join(folder, 'pids'))).toEqual([program.pid]);
  });

  it('do not count when the number belongs to another program by now', () => {
    const file = join(folder, 'pids', String(process.pid));
    writeFileSync(file, 'another\0program');

    expect(recordedProcesses(join(folder, 'pids'))).toEqual([]);
    expect(existsSync(file)).toBe(false);
  });
});
