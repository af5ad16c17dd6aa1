/** The processes of ours that are sent to: the listener before a bucket or a folder, and a sink. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { ENV } from '../../core/contracts/names.ts';
import { LISTENER_NODE_ARGUMENTS } from '../../listener-container/node-arguments.ts';
import { bundlePrograms } from '../../local/bundles.ts';
import { endWithUs } from '../child-processes.ts';

const HOST = '127.0.0.1';

export interface Receiver {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

const Listening = z.object({ event: z.literal('listening'), dimsePort: z.int() });

/** A process that is asked to end when it is not needed any more. */
export const receiver = (child: ChildProcess, port: number): Receiver => {
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

/** What the sender can do is measured against it. */
export const startSink = (): Promise<Receiver> =>
  nodeReceiver([join(import.meta.dirname, 'discarding-sink.ts')]);

/** The listener's ingest as it is, its objects being files of `folder`, its groups in memory. */
export const startLocalDiskListener = (folder: string): Promise<Receiver> =>
  nodeReceiver([
    ...LISTENER_NODE_ARGUMENTS,
    join(import.meta.dirname, 'local-disk-listener.ts'),
    folder,
  ]);

/** The listener's ingest before stores of a fixed latency, which are appended to `file`, in milliseconds. */
export const startSlowStoreListener = (file: string): Promise<Receiver> =>
  nodeReceiver([
    ...LISTENER_NODE_ARGUMENTS,
    join(import.meta.dirname, 'slow-store-listener.ts'),
    file,
  ]);

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
  return nodeReceiver([...LISTENER_NODE_ARGUMENTS, listener], {
    ...cloud.awsEnvironment,
    NODE_ENV: 'production',
    [ENV.table]: cloud.table,
    [ENV.bucket]: cloud.bucket,
    [ENV.stabilityChecksQueueUrl]: cloud.checksQueueUrl,
    [ENV.processorsQueueUrl]: cloud.checksQueueUrl,
    [ENV.dimseHost]: HOST,
    [ENV.dimsePort]: '0',
    [ENV.healthPort]: '0',
    [ENV.spoolDirectory]: join(folder, 'spool'),
  });
};
