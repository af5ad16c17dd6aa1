/** The processes that are sent to: our listener, whole or discarding, and DCMTK's storescp. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { sendEcho } from '../../cli/dimse/send-echo.ts';
import { ENV } from '../../core/contracts/names.ts';
import { bundlePrograms } from '../../local/bundles.ts';
import { claimPort } from '../../local/ports.ts';
import { until } from '../../test/support/until.ts';
import { endWithUs } from '../child-processes.ts';

const HOST = '127.0.0.1';
const START_TIMEOUT_MS = 30_000;
/** The most that DCMTK takes; our listener offers more, of which DCMTK's sender uses as much. */
const DCMTK_PDU_LENGTH = 131_072;

export interface Receiver {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

const Listening = z.object({ event: z.literal('listening'), dimsePort: z.int() });

const receiver = (child: ChildProcess, port: number): Receiver => {
  endWithUs(child);
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
  });
  return {
    port,
    pid: child.pid ?? 0,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await ended;
    },
  };
};

/** A program of Node that says its port in a line of JSON when it listens. */
const nodeReceiver = async (
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Receiver> => {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  const port = await new Promise<number>((resolve, reject) => {
    lines.on('line', (line) => {
      const said = Listening.safeParse(JSON.parse(line));
      if (said.success) resolve(said.data.dimsePort);
    });
    child.once('error', reject);
    child.once('exit', (code) => {
      reject(new Error(`${args.join(' ')} ended with ${String(code)} before it listened`));
    });
  });
  return receiver(child, port);
};

export const startDiscardingListener = (): Promise<Receiver> =>
  nodeReceiver([join(import.meta.dirname, 'discarding-listener.ts')]);

export interface CloudAddress {
  /** Endpoint, region and credentials for SDK clients. */
  readonly awsEnvironment: Readonly<Record<string, string>>;
  readonly table: string;
  readonly bucket: string;
  readonly checksQueueUrl: string;
}

/** As `npm start` runs it: one file of JavaScript, made and spooling below `folder`. */
export const startWholeListener = async (
  folder: string,
  cloud: CloudAddress,
): Promise<Receiver> => {
  const bundleFolder = join(folder, 'bundles');
  mkdirSync(bundleFolder, { recursive: true });
  const { listener } = await bundlePrograms(bundleFolder);
  return nodeReceiver(['--enable-source-maps', listener], {
    ...cloud.awsEnvironment,
    NODE_ENV: 'production',
    [ENV.table]: cloud.table,
    [ENV.bucket]: cloud.bucket,
    [ENV.stabilityChecksQueueUrl]: cloud.checksQueueUrl,
    [ENV.dimseHost]: HOST,
    [ENV.dimsePort]: '0',
    [ENV.healthPort]: '0',
    [ENV.spoolDirectory]: join(folder, 'spool'),
  });
};

/** DCMTK's receiver, a process for each association; `options` say what it does with what it gets. */
export const startStorescp = async (...options: readonly string[]): Promise<Receiver> => {
  const port = await claimPort(HOST, 0, '', 'storescp');
  const args = ['--fork', '--max-pdu', String(DCMTK_PDU_LENGTH), ...options, String(port)];
  const child = spawn('storescp', args, {
    env: { ...process.env, TCP_NODELAY: '1' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  let failure: Error | undefined;
  child.once('error', (error) => {
    failure = error;
  });
  const peer = { host: HOST, port, calledAe: 'BENCH', callingAe: 'BENCH', timeoutMs: 1000 };
  await until('storescp answers', START_TIMEOUT_MS, async () => {
    if (failure !== undefined) throw failure;
    try {
      return (await sendEcho(peer)).status === 0 ? true : undefined;
    } catch {
      return undefined;
    }
  });
  return receiver(child, port);
};
