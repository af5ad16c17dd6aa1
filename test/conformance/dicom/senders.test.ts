/** Other implementations as senders, on both ports: each has to be answered, and its instance to arrive whole. */
import { beforeAll, describe, expect, it } from 'vitest';
import { readPart10 } from '../../../cli/dimse/part10-file.ts';
import { TlsCredentials } from '../../../listener-container/tls/tls-credentials.ts';
import { tlsFiles } from '../../../listener-container/tls/tls-source.ts';
import { preparePythonTools } from '../../../scripts/python-tools.ts';
import { certificateAuthority, type Issued } from '../../listener-container/certificates.ts';
import { RecordingLog, listening } from '../../listener-container/listening.ts';
import { pydicomFiles } from '../../support/dicom-files.ts';
import { runProgram } from '../../support/program.ts';
import { dcmsend, echoscu, storescu } from '../../support/senders.ts';
import { startOrthanc } from './orthanc.ts';

const PREPARATION_MS = 180_000;
const NODELAY = { TCP_NODELAY: '1' };

let authority: Awaited<ReturnType<typeof certificateAuthority>>;
let server: Issued;
let client: Issued;
let file: string;
let sopInstanceUid: string;

beforeAll(async () => {
  await preparePythonTools();
  authority = await certificateAuthority();
  [server, client] = await Promise.all([authority.issue('server'), authority.issue('client')]);
  [file = ''] = await pydicomFiles('CT_small.dcm');
  ({ sopInstanceUid } = await readPart10(file));
}, PREPARATION_MS);

/** A listener with both ports; clients of the TLS port need a certificate of the site's CA. */
const both = async () => {
  const log = new RecordingLog();
  const { certificate, key } = server;
  const credentials = await TlsCredentials.load(
    tlsFiles({ certificate, key, ca: authority.ca }),
    log,
  );
  const started = await listening({ log, tls: { port: 0, credentials } });
  return { ...started, tlsPort: started.listener.tlsPort ?? 0 };
};

const dcmtkTls = () => [
  ...['--enable-tls', client.key, client.certificate],
  ...['--add-cert-file', authority.ca],
];

const plain = (port: number) => ({ port, calledAeTitle: 'GANTRY', callingAeTitle: 'DCMTK' });

const pynetdicom = async (port: number, ...tls: readonly string[]): Promise<string> => {
  const tools = await preparePythonTools();
  const script = `${import.meta.dirname}/pynetdicom_scu.py`;
  const { stdout } = await runProgram(tools.program('python'), [
    script,
    String(port),
    file,
    ...tls,
  ]);
  return stdout.trim();
};

describe('DCMTK', () => {
  it('echoscu, storescu and dcmsend are answered on the plain port', async () => {
    const { port, receiver } = await both();

    expect(await echoscu(plain(port))).toMatchObject({ code: 0 });
    expect(await storescu(plain(port), [file])).toMatchObject({ code: 0 });
    expect(await dcmsend(plain(port), [file])).toMatchObject({ code: 0 });
    expect(receiver.instances).toMatchObject([
      { context: { sopInstanceUid }, ended: true },
      { context: { sopInstanceUid }, ended: true },
    ]);
  });

  it('echoscu and storescu are answered by TLS, with a certificate', async () => {
    const { tlsPort, receiver } = await both();
    const address = ['127.0.0.1', String(tlsPort)];
    const titles = ['-aec', 'GANTRY'];

    const echoed = await runProgram('echoscu', [...dcmtkTls(), ...titles, ...address], NODELAY);
    const stored = await runProgram(
      'storescu',
      [...dcmtkTls(), ...titles, ...address, file],
      NODELAY,
    );

    expect([echoed.code, stored.code]).toEqual([0, 0]);
    expect(receiver.instances).toMatchObject([{ context: { sopInstanceUid }, ended: true }]);
  });
});

describe('pynetdicom', () => {
  it('is answered on the plain port', async () => {
    const { port, receiver } = await both();

    expect(await pynetdicom(port)).toBe('0 0');
    expect(receiver.instances).toMatchObject([{ context: { sopInstanceUid }, ended: true }]);
  });

  it('is answered by TLS, with a certificate', async () => {
    const { tlsPort, receiver } = await both();

    expect(await pynetdicom(tlsPort, authority.ca, client.certificate, client.key)).toBe('0 0');
    expect(receiver.instances).toMatchObject([{ context: { sopInstanceUid }, ended: true }]);
  });
});

describe('Orthanc', () => {
  it.each(['plain', 'TLS'])('echoes and sends: %s', { timeout: 90_000 }, async (how) => {
    const { port, tlsPort, receiver } = await both();
    const { certificate, key } = client;
    const orthanc = await (how === 'TLS'
      ? startOrthanc(tlsPort, { certificate, key, ca: authority.ca })
      : startOrthanc(port));
    try {
      expect(await orthanc.echo()).toBe(true);
      expect(await orthanc.send(file)).toEqual({ sent: 1, failed: 0 });
    } finally {
      await orthanc.stop();
    }
    expect(receiver.instances).toMatchObject([{ context: { sopInstanceUid }, ended: true }]);
  });
});
