/** Commands that are run to their end while Gantry starts: pip, the CDK. Output goes to a log file. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { logTail } from './child-program.ts';
import { signalGroup } from './processes.ts';

/** A command ended with another code than 0; the message ends with the tail of its output. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';

  constructor(command: string, code: number | null, logFile: string) {
    super(
      `${command} ended with code ${String(code)}; the end of ${logFile}:\n${logTail(logFile)}`,
    );
  }
}

export interface CommandOptions {
  /** What it is called in a message. */
  readonly title: string;
  readonly command: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  readonly logFile: string;
}

/** The commands of one start: they can be ended together when the start is given up. */
export interface Commands {
  /** Throws {@link CommandFailed}. Appends to the log file. */
  run(options: CommandOptions): Promise<void>;
  /** Ends what is running, and refuses what comes later; resolves when nothing is left. */
  abort(): Promise<void>;
}

export const createCommands = (): Commands => {
  const running = new Map<number, Promise<unknown>>();
  let aborted = false;
  return {
    run: async (options) => {
      if (aborted) throw new CommandFailed(options.title, null, options.logFile);
      const log = openSync(options.logFile, 'a');
      const child = spawn(options.command, [...options.arguments], {
        cwd: options.workingDirectory,
        env: options.environment,
        stdio: ['ignore', log, log],
        // A group of its own: Ctrl-C in a terminal reaches only us, and its children end with it.
        detached: true,
      });
      closeSync(log);
      const exited = new Promise<number | null>((resolve, reject) => {
        child.once('error', reject);
        child.once('exit', resolve);
      });
      const { pid } = child;
      if (pid !== undefined) running.set(pid, exited);
      try {
        const code = await exited;
        if (code !== 0) throw new CommandFailed(options.title, code, options.logFile);
      } finally {
        if (pid !== undefined) running.delete(pid);
      }
    },
    abort: async () => {
      aborted = true;
      const commands = [...running];
      for (const [pid] of commands) signalGroup(pid, 'SIGKILL');
      await Promise.allSettled(commands.map(([, exited]) => exited));
    },
  };
};
