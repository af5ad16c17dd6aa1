/** Receivers of others, each as fast as its settings allow: DCMTK's storescp, Orthanc, pynetdicom and dcmjs-dimse. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sendEcho } from '../../cli/dimse/send-echo.ts';
import { preparePythonTools } from '../../scripts/python-tools.ts';
import { freePort } from '../../test/support/free-port.ts';
import { until } from '../../test/support/until.ts';
import { PDU_LENGTH } from './load-sender.ts';
import { receiver, type Receiver } from './receivers.ts';

const HOST = '127.0.0.1';
const START_TIMEOUT_MS = 60_000;

/** Starts a program that says nothing when it listens, and asks it until it answers. */
const startPeer = async (
  name: string,
  command: string,
  args: (port: number) => readonly string[],
): Promise<Receiver> => {
  const port = await freePort();
  const child = spawn(command, args(port), {
    env: { ...process.env, TCP_NODELAY: '1' },
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  let failure: Error | undefined;
  child.once('error', (error) => {
    failure = error;
  });
  const peer = { host: HOST, port, calledAe: 'BENCH', callingAe: 'BENCH', timeoutMs: 1000 };
  await until(`${name} answers`, START_TIMEOUT_MS, async () => {
    if (failure !== undefined) throw failure;
    try {
      return (await sendEcho(peer)).status === 0 ? true : undefined;
    } catch {
      return undefined;
    }
  });
  return receiver(child, port);
};

/** A process for each association; `options` say what it does with what it gets. */
export const startStorescp = (...options: readonly string[]): Promise<Receiver> =>
  startPeer('storescp', 'storescp', (port) => [
    ...['--fork', '--max-pdu', String(PDU_LENGTH)],
    ...[...options, String(port)],
  ]);

/** Undefined when it is not installed (Debian and Ubuntu: apt-get install --no-install-recommends orthanc). */
export const startOrthanc = async (folder: string): Promise<Receiver | undefined> => {
  try {
    execFileSync('Orthanc', ['--version'], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  mkdirSync(folder, { recursive: true });
  return startPeer('Orthanc', 'Orthanc', (port) => {
    const file = join(folder, 'orthanc.json');
    const settings = {
      StorageDirectory: join(folder, 'storage'),
      IndexDirectory: join(folder, 'index'),
      Plugins: [],
      DicomAet: 'BENCH',
      DicomPort: port,
      DicomCheckCalledAet: false,
      DicomAlwaysAllowStore: true,
      DicomAlwaysAllowEcho: true,
      DicomThreadsCount: 16,
      MaximumPduLength: PDU_LENGTH,
      HttpServerEnabled: false,
    };
    writeFileSync(file, JSON.stringify(settings));
    return [file];
  });
};

export const startPynetdicom = async (folder: string): Promise<Receiver> => {
  const tools = await preparePythonTools();
  return startPeer('pynetdicom', tools.program('python'), (port) => [
    ...['-m', 'pynetdicom', 'storescp', String(port), '-q'],
    ...['--max-pdu', String(PDU_LENGTH), '--output-directory', folder],
  ]);
};

export const startDcmjsDimse = (folder: string): Promise<Receiver> => {
  const program = join(import.meta.dirname, 'dcmjs-dimse-receiver.mjs');
  return startPeer('dcmjs-dimse', process.execPath, (port) => [program, folder, String(port)]);
};
