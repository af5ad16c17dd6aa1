/** Orthanc as a sender: a server of a test's own on free ports, with the listener as its only modality. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { freePort } from '../../support/free-port.ts';
import { until } from '../../support/until.ts';

const START_MS = 30_000;

export interface OrthancTls {
  readonly certificate: string;
  readonly key: string;
  readonly ca: string;
}

export interface Orthanc {
  /** Whether C-ECHO succeeded. */
  echo(): Promise<boolean>;
  /** Takes the file in and sends it; how many instances failed. */
  send(file: string): Promise<{ sent: number; failed: number }>;
  stop(): Promise<void>;
}

const Sent = z.object({ InstancesCount: z.int(), FailedInstancesCount: z.int() });

export const startOrthanc = async (listenerPort: number, tls?: OrthancTls): Promise<Orthanc> => {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-orthanc-'));
  const port = await freePort();
  const configuration = {
    Name: 'ORTHANC',
    DicomAet: 'ORTHANC',
    StorageDirectory: join(folder, 'storage'),
    IndexDirectory: join(folder, 'storage'),
    HttpPort: port,
    RemoteAccessAllowed: false,
    AuthenticationEnabled: false,
    DicomServerEnabled: false,
    Plugins: [],
    DicomModalities: {
      gantry: {
        ...{ AET: 'GANTRY', Host: '127.0.0.1', Port: listenerPort },
        UseDicomTls: tls !== undefined,
      },
    },
    ...(tls === undefined
      ? {}
      : {
          DicomTlsCertificate: tls.certificate,
          DicomTlsPrivateKey: tls.key,
          DicomTlsTrustedCertificates: tls.ca,
        }),
  };
  const file = join(folder, 'orthanc.json');
  await writeFile(file, JSON.stringify(configuration));
  const child = spawn('Orthanc', [file], { stdio: 'ignore', cwd: folder });
  const ended = once(child, 'exit');
  const killIt = () => child.kill('SIGKILL');
  process.once('exit', killIt);
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
    process.off('exit', killIt);
    await rm(folder, { recursive: true, force: true });
  };
  const call = (path: string, body: string | Uint8Array<ArrayBuffer>): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body });

  try {
    await until('Orthanc answers', START_MS, async () => {
      if (child.exitCode !== null) throw new Error(`Orthanc ended with ${child.exitCode}`);
      const answer = await fetch(`http://127.0.0.1:${port}/system`).catch(() => undefined);
      return answer?.ok === true ? true : undefined;
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    echo: async () => (await call('/modalities/gantry/echo', '{}')).ok,
    send: async (path) => {
      const uploaded = await call('/instances', new Uint8Array(await readFile(path)));
      const { ID } = z.object({ ID: z.string() }).parse(await uploaded.json());
      const answer = await call('/modalities/gantry/store', JSON.stringify({ Resources: [ID] }));
      const sent = Sent.parse(await answer.json());
      return { sent: sent.InstancesCount, failed: sent.FailedInstancesCount };
    },
    stop,
  };
};
