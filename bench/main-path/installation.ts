/** A whole Gantry as `npm start` runs it, on free ports and with a data folder of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Status } from '../../core/contracts/api.ts';
import { endProcesses, recordedProcesses } from '../../local/processes.ts';
import { REPOSITORY } from '../../local/settings.ts';
import { RunningGantry } from '../../test/support/gantry.ts';
import { until } from '../../test/support/until.ts';
import { endWithUs } from '../child-processes.ts';

const RUNNERS_GRACE_MS = 10_000;

export interface Ports {
  readonly dimse: number;
  readonly http: number;
  readonly aws: number;
}

const FREE_PORTS: Ports = { dimse: 0, http: 0, aws: 0 };

/** What `npm start` prints when it is ready: local/output.ts. */
const READY =
  /DICOM +[^:\s]+:(\d+)[^]*API +(http:\/\/[^:\s]+:(\d+))[^]*AWS +http:\/\/[^:\s]+:(\d+)/;

/** It ended before it was ready. */
export class NotStarted extends Error {
  override readonly name = 'NotStarted';

  constructor(output: string) {
    super(`Gantry ended before it was ready:\n${output}`);
  }
}

export interface Installation {
  /** Of the process that started all others. */
  readonly pid: number;
  /** From the start of that process to the block that says that Gantry is ready. */
  readonly startSeconds: number;
  readonly ports: Ports;
  readonly gantry: RunningGantry;
  /** Ends all runners in order: the next job finds none. */
  endRunners(): Promise<void>;
  stop(): Promise<void>;
}

const endRunners = async (dataDirectory: string, gantry: RunningGantry): Promise<void> => {
  // Where the emulator records them: local/data-folder.ts.
  const pids = join(dataDirectory, 'pids', 'containers');
  await endProcesses(recordedProcesses(pids), RUNNERS_GRACE_MS);
  await until('the end of the runners’ leases', RUNNERS_GRACE_MS, async () => {
    const { runners } = await gantry.get(Status, 'status');
    return runners.length === 0 ? true : undefined;
  });
};

/** A restart gets the ports of the last start, as a user's has them. Throws NotStarted. */
export const startInstallation = async (
  dataDirectory: string,
  ports = FREE_PORTS,
): Promise<Installation> => {
  const startedAt = performance.now();
  const child = spawn(
    process.execPath,
    [join(REPOSITORY, 'local', 'bootstrap.mjs'), 'local/main.ts', '--quiet'],
    {
      env: {
        ...process.env,
        GANTRY_DATA_DIR: dataDirectory,
        GANTRY_DIMSE_PORT: String(ports.dimse),
        GANTRY_HTTP_PORT: String(ports.http),
        GANTRY_AWS_PORT: String(ports.aws),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  endWithUs(child);
  const exited = once(child, 'exit');
  let printed = '';
  const [, dimse, apiUrl = '', http, aws] = await new Promise<RegExpExecArray>(
    (resolve, reject) => {
      child.stdout.on('data', (chunk: Buffer) => {
        printed += chunk.toString('utf8');
        const ready = READY.exec(printed);
        if (ready !== null) resolve(ready);
      });
      child.once('error', reject);
      child.once('exit', () => {
        reject(new NotStarted(printed));
      });
    },
  );
  const startSeconds = (performance.now() - startedAt) / 1000;
  const gantry = new RunningGantry({
    apiUrl,
    dimsePort: Number(dimse),
    awsPort: Number(aws),
    dataDirectory,
  });
  return {
    pid: child.pid ?? 0,
    startSeconds,
    ports: { dimse: Number(dimse), http: Number(http), aws: Number(aws) },
    gantry,
    endRunners: () => endRunners(dataDirectory, gantry),
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
};
