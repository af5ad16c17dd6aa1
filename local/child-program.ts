/**
 * A program that runs as long as Gantry does: output to a log file, its number recorded, its end noticed.
 * It gets a process group of its own, so that Ctrl-C in a terminal reaches only us and we stop it in order.
 */
import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endProcesses } from './processes.ts';

const TAIL_LINES = 20;
const POLL_MS = 30;

/** A program ended that nobody told to end, or never started; the message ends with the tail of its log. */
export class ProgramEnded extends Error {
  override readonly name = 'ProgramEnded';
  readonly program: string;

  constructor(program: string, how: string, logFile: string) {
    super(`${program} ${how}; the end of ${logFile}:\n${logTail(logFile)}`);
    this.program = program;
  }
}

export const logTail = (logFile: string): string => {
  if (!existsSync(logFile)) return '  (no log)';
  const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES);
  return lines.map((line) => `  ${line}`).join('\n');
};

export interface ChildProgramOptions {
  readonly name: string;
  readonly command: string;
  readonly arguments: readonly string[];
  /** The whole environment: nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  readonly logFile: string;
  readonly pidFolder: string;
}

export interface ChildProgram {
  readonly pid: number;
  /** Resolves with the reason when the program ends although it was not stopped. */
  readonly ended: Promise<ProgramEnded>;
  /** SIGTERM, after `graceMs` SIGKILL; resolves true if it ended by itself with code 0. */
  stop(graceMs: number): Promise<boolean>;
}

/** Throws {@link ProgramEnded} when the program cannot be started at all. The last log is kept beside the new. */
export const startChildProgram = async (options: ChildProgramOptions): Promise<ChildProgram> => {
  const { name, logFile } = options;
  if (existsSync(logFile)) renameSync(logFile, `${logFile}.previous`);
  const log = openSync(logFile, 'w');
  const child = spawn(options.command, [...options.arguments], {
    cwd: options.workingDirectory,
    env: { ...options.environment },
    stdio: ['ignore', log, log],
    detached: true,
  });
  closeSync(log);
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('exit', (code, signal) => {
      resolve({ code, signal });
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => {
      reject(new ProgramEnded(name, `could not be started: ${error.message}`, logFile));
    });
  });
  const { pid } = child;
  if (pid === undefined) throw new ProgramEnded(name, 'could not be started', logFile);
  const pidFile = join(options.pidFolder, String(pid));
  writeFileSync(pidFile, [options.command, ...options.arguments].join('\0'));

  let stopping = false;
  const ended = new Promise<ProgramEnded>((resolve) => {
    void exited.then(({ code, signal }) => {
      rmSync(pidFile, { force: true });
      if (stopping) return;
      const how = signal === null ? `with code ${String(code)}` : `by ${signal}`;
      resolve(new ProgramEnded(name, `ended ${how}`, logFile));
    });
  });
  return {
    pid,
    ended,
    stop: async (graceMs) => {
      stopping = true;
      const timer = setTimeout(() => {
        void endProcesses([pid], 0);
      }, graceMs);
      child.kill('SIGTERM');
      const { code } = await exited;
      clearTimeout(timer);
      // Whatever it has left behind in its group.
      await endProcesses([pid], 0);
      return code === 0;
    },
  };
};

const answers = async (url: string): Promise<boolean> => {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1000) });
    return response.ok;
  } catch {
    return false;
  }
};

/** Resolves when `url` answers with success; throws {@link ProgramEnded}, or the reason of an abort. */
export const untilHealthy = async (
  program: ChildProgram,
  url: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> => {
  const deadline = Date.now() + timeoutMs;
  while (!(await answers(url))) {
    signal.throwIfAborted();
    const ended = await Promise.race([program.ended, sleep(POLL_MS)]);
    if (ended !== undefined) throw ended;
    if (Date.now() > deadline) throw new Error(`${url} did not answer within ${timeoutMs} ms`);
  }
};
