/** Runs a program of the workshop to its end and keeps what it printed, for those who report on it. */
import { spawn } from 'node:child_process';
import { signalGroup } from '../local/processes.ts';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Also prints what the program prints, as it happens. */
  readonly loud?: boolean;
  /** Ends the program, with all that is in its process group: then it gets one of its own. */
  readonly signal?: AbortSignal;
}

export interface Outcome {
  /** The exit code; 128 + n would be a shell's word for a signal, here it is simply 1. */
  readonly code: number;
  /** stdout and stderr in the order of their arrival. */
  readonly output: string;
  readonly seconds: number;
}

/** A program that cannot be started has code 127 and the reason as its output. */
export const run = (command: Command): Promise<Outcome> =>
  new Promise((resolve) => {
    const startedAt = performance.now();
    const chunks: Buffer[] = [];
    const end = (code: number): void => {
      resolve({
        code,
        output: Buffer.concat(chunks).toString('utf8'),
        seconds: (performance.now() - startedAt) / 1000,
      });
    };
    const { signal } = command;
    const child = spawn(command.program, command.args, {
      ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
      env: { ...process.env, ...command.env },
      detached: signal !== undefined,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const take = (chunk: Buffer): void => {
      chunks.push(chunk);
      if (command.loud === true) process.stdout.write(chunk);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    const stop = (): void => {
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGTERM');
    };
    signal?.addEventListener('abort', stop, { once: true });
    child.on('exit', () => {
      signal?.removeEventListener('abort', stop);
      // Whatever it has left behind in its group.
      if (signal?.aborted === true && child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
    });
    child.on('error', (error) => {
      chunks.push(Buffer.from(`${error.message}\n`));
      end(127);
    });
    child.on('close', (code) => {
      end(code ?? 1);
    });
  });
