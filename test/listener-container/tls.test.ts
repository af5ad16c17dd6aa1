/** DICOM over TLS: who gets in, with which protocol, bound to which certificate, and renewal while it runs. */
import { once } from 'node:events';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { connect as connectPlain } from 'node:net';
import { connect, type ConnectionOptions } from 'node:tls';
import { beforeAll, describe, expect, it } from 'vitest';
import { openAssociation } from '../../cli/dimse/association.ts';
import type { SourceItem } from '../../core/contracts/configuration.ts';
import { echoRequest } from '../../core/dimse/messages.ts';
import { configuredAdmission } from '../../listener-container/admission/configured-admission.ts';
import { TlsCredentials, type TlsPolicy } from '../../listener-container/tls/tls-credentials.ts';
import { tlsFiles, type TlsFiles } from '../../listener-container/tls/tls-source.ts';
import { preparePythonTools } from '../../scripts/python-tools.ts';
import { GANTRY_AE_TITLE } from '../support/ae-titles.ts';
import { runProgram } from '../support/program.ts';
import { until } from '../support/until.ts';
import { pydicomFiles } from '../support/dicom-files.ts';
import { certificateAuthority, type Issued } from './certificates.ts';
import { RecordingLog, listening } from './listening.ts';

let authority: Awaited<ReturnType<typeof certificateAuthority>>;
let server: Issued;
let client: Issued;
let other: Issued;

beforeAll(async () => {
  authority = await certificateAuthority();
  server = await authority.issue('server');
  client = await authority.issue('client');
  other = await authority.issue('other');
});

const secured = async (options: { ca?: boolean; files?: Issued; sources?: SourceItem[] } = {}) => {
  const log = new RecordingLog();
  const { certificate, key } = options.files ?? server;
  const ca = options.ca === true ? authority.ca : undefined;
  const credentials = await TlsCredentials.load(tlsFiles({ certificate, key, ca }), log);
  const { sources } = options;
  const policy =
    sources === undefined
      ? undefined
      : configuredAdmission(
          {
            aeTitles: listOf([GANTRY_AE_TITLE]),
            sources: listOf(sources),
          },
          Date.now,
        );
  const started = await listening({
    log,
    tls: { port: 0, credentials },
    ...(policy === undefined ? {} : { policy }),
  });
  const { tlsPort = 0 } = started.listener;
  return { ...started, credentials, tlsPort, log };
};

const listOf = <T>(items: T[]) => ({
  list: () => Promise.resolve(items),
  get: () => Promise.resolve(undefined),
  put: () => Promise.resolve(),
  remove: () => Promise.resolve(false),
});

const pynetdicomEcho = async (port: number, as?: Issued): Promise<string> => {
  const tools = await preparePythonTools();
  const { stdout } = await runProgram(tools.program('python'), [
    ...[`${import.meta.dirname}/tls_scu.py`, String(port), authority.ca],
    ...(as === undefined ? [] : [as.certificate, as.key]),
  ]);
  return stdout.trim();
};

/** The protocol and the server's fingerprint; undefined when the handshake fails. */
const handshake = async (port: number, options: ConnectionOptions = {}) => {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  try {
    await once(socket, 'secureConnect');
    const certificate = socket.getPeerCertificate();
    return { protocol: socket.getProtocol(), fingerprint: certificate.fingerprint256 };
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
};

describe('the TLS port', () => {
  it('takes an instance of storescu and an echo of pynetdicom', async () => {
    const { tlsPort, receiver } = await secured();
    const [file = ''] = await pydicomFiles('CT_small.dcm');
    const sent = await runProgram(
      'storescu',
      [
        ...['--anonymous-tls', '--add-cert-file', authority.ca, '-aec', 'GANTRY'],
        ...['127.0.0.1', String(tlsPort), file],
      ],
      { TCP_NODELAY: '1' },
    );

    expect(sent).toMatchObject({ code: 0 });
    expect(receiver.instances).toMatchObject([{ ended: true }]);
    expect(await pynetdicomEcho(tlsPort)).toBe('0');
  });

  it.each([
    { what: 'TLS 1.3', options: {}, protocol: 'TLSv1.3' },
    { what: 'TLS 1.2', options: { maxVersion: 'TLSv1.2' }, protocol: 'TLSv1.2' },
  ] as const)('speaks $what', async ({ options, protocol }) => {
    const { tlsPort } = await secured();

    expect(await handshake(tlsPort, options)).toMatchObject({ protocol });
  });

  it.each([
    {
      what: 'TLS 1.1',
      options: { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' },
    },
    { what: 'CBC', options: { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256' } },
  ] as const)('does not speak $what', async ({ options }) => {
    const { tlsPort } = await secured();

    expect(await handshake(tlsPort, options)).toBeUndefined();
  });

  it('with a CA takes clients with a certificate of it only, and tells why it did not', async () => {
    const { tlsPort, log, refusals } = await secured({ ca: true });
    const foreign = await (await certificateAuthority()).issue('foreign');

    expect(await pynetdicomEcho(tlsPort, client)).toBe('0');
    expect(await pynetdicomEcho(tlsPort)).toBe('aborted');
    expect(await pynetdicomEcho(tlsPort, foreign)).toBe('aborted');
    expect(log.lines).toContain('a TLS handshake failed');
    const messages = refusals.refusals.map(({ refusal }) => refusal.message);
    expect(messages).toHaveLength(2);
    expect(messages[0]).toContain('127.0.0.1 called the TLS port');
    expect(messages[0]).toContain('it has shown no certificate');
    expect(messages[1]).toContain('not one of the CA of this port');
  });

  it.each<[string, string, (port: number) => Promise<unknown>]>([
    [
      'an old version',
      'an older version than TLS 1.2',
      (port) =>
        handshake(port, {
          ...{ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' },
        }),
    ],
    [
      'unsafe ciphers',
      'no cipher suite that is spoken here',
      (port) => handshake(port, { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256' }),
    ],
    [
      'plain DICOM',
      'does not speak TLS',
      (port) => runProgram('echoscu', ['127.0.0.1', `${port}`]),
    ],
  ])('leaves a record of a peer with %s', async (_what, why, call) => {
    const { tlsPort, refusals } = await secured();

    await call(tlsPort);
    const { attempt, refusal } = await until('the refusal is recorded', 5000, () =>
      Promise.resolve(refusals.refusals[0]),
    );

    expect(attempt.remoteAddress).toBe('127.0.0.1');
    expect(refusal).toMatchObject({ code: 'tls-refused' });
    expect(refusal.message).toContain(why);
  });

  it('leaves no record of a peer that only looks whether it is open', async () => {
    const { tlsPort, refusals, log } = await secured();
    const socket = connectPlain(tlsPort, '127.0.0.1');
    await once(socket, 'connect');
    socket.destroy();
    await until('the listener has seen it leave', 5000, () =>
      Promise.resolve(log.lines.includes('a TLS handshake failed') || undefined),
    );

    expect(refusals.refusals).toEqual([]);
  });

  it('binds an AE title to its certificate, on the other port too', async () => {
    const sources = [{ aeTitle: 'PEER', hosts: [], certificateFingerprints: [client.fingerprint] }];
    const { tlsPort, port, refusals } = await secured({ sources });

    expect(await pynetdicomEcho(tlsPort, client)).toBe('0');
    expect(await pynetdicomEcho(tlsPort, other)).toBe('rejected');
    expect(await pynetdicomEcho(tlsPort)).toBe('rejected');
    const plain = await runProgram('echoscu', [
      ...['-aet', 'PEER', '-aec', 'GANTRY', '127.0.0.1', String(port)],
    ]);
    expect(plain.code).not.toBe(0);
    expect(refusals.refusals).toHaveLength(3);
    expect(refusals.refusals[0]?.refusal.message).toMatch(
      /gantry source set PEER --certificate [0-9a-f]{64}$/,
    );
  });
});

describe('the files of TLS', () => {
  const load = (files: TlsFiles, policy: TlsPolicy = {}) =>
    TlsCredentials.load(tlsFiles(files), new RecordingLog(), policy);

  it('are read again when they change, and a broken renewal leaves the old ones', async () => {
    const files = {
      certificate: authority.path('live.crt'),
      key: authority.path('live.key'),
      fingerprint: '',
    };
    await copyFile(server.certificate, files.certificate);
    await copyFile(server.key, files.key);
    const log = new RecordingLog();
    const credentials = await TlsCredentials.load(tlsFiles(files, 20), log);
    const { listener } = await listening({ log, tls: { port: 0, credentials } });
    const port = listener.tlsPort ?? 0;
    const shown = async () => (await handshake(port))?.fingerprint;

    expect(await shown()).toBe(server.fingerprint);
    await copyFile(other.certificate, files.certificate);
    await until('the half renewal is noticed', 5000, () =>
      Promise.resolve(
        log.lines.includes('the renewed certificate is not usable; the old one stays') || undefined,
      ),
    );
    expect(await shown()).toBe(server.fingerprint);
    await copyFile(other.key, files.key);
    await until('the new certificate is shown', 5000, async () =>
      (await shown()) === other.fingerprint ? true : undefined,
    );
  });

  it('that are renewed leave open associations as they are', async () => {
    const log = new RecordingLog();
    let current = server;
    const credentials = await TlsCredentials.load(
      { intervalMs: 20, read: () => tlsFiles(current).read() },
      log,
    );
    const { listener } = await listening({ log, tls: { port: 0, credentials } });
    const port = listener.tlsPort ?? 0;
    const verification = '1.2.840.10008.1.1';
    const association = await openAssociation({
      ...{ host: '127.0.0.1', port, calledAe: 'GANTRY', callingAe: 'SENDER', timeoutMs: 10_000 },
      tls: { ca: await readFile(authority.ca, 'utf8') },
      contexts: [{ abstractSyntax: verification, transferSyntaxes: ['1.2.840.10008.1.2'] }],
    });

    current = other;
    await until('the new certificate is shown', 5000, async () =>
      (await handshake(port))?.fingerprint === other.fingerprint ? true : undefined,
    );
    const request = echoRequest(association.nextMessageId(), verification);
    const { Status } = await association.request(1, request);
    await association.release();

    expect(Status).toBe(0);
  });

  it('may bring the first CA: from then on clients need a certificate of it', async () => {
    const log = new RecordingLog();
    const source = tlsFiles({ ...server, ca: authority.ca }, 20);
    let withCa = false;
    const credentials = await TlsCredentials.load(
      {
        ...source,
        read: async () => {
          const { ca: caText, ...texts } = await source.read();
          return withCa ? { ...texts, ca: caText } : texts;
        },
      },
      log,
    );
    const { listener } = await listening({ log, tls: { port: 0, credentials } });
    const port = listener.tlsPort ?? 0;

    expect(await pynetdicomEcho(port)).toBe('0');
    withCa = true;
    await until('the CA is in use', 5000, () =>
      Promise.resolve(credentials.clientCertificateRequired || undefined),
    );
    expect(await pynetdicomEcho(port)).toBe('aborted');
    expect(await pynetdicomEcho(port, client)).toBe('0');
  });

  it.each<[string, () => Promise<TlsCredentials>, RegExp]>([
    [
      'are no pair',
      () => load({ certificate: server.certificate, key: client.key }),
      /key values mismatch/,
    ],
    [
      'are halves of an EC and of an RSA pair',
      async () => {
        const { key } = await authority.issue('rsa', 60, 'rsa');
        return load({ certificate: server.certificate, key });
      },
      /the key is not that of the certificate/,
    ],
    [
      'have half a CA',
      async () => {
        const whole = await readFile(authority.ca, 'utf8');
        const ca = authority.path('half.crt');
        await writeFile(ca, `${whole}${whole.slice(0, whole.length / 2)}`);
        return load({ ...server, ca });
      },
      /not all of it/,
    ],
    [
      'have a CA that is none',
      () => load({ ...server, ca: client.key }),
      /the CA is not there as certificates/,
    ],
    [
      'are not there',
      () => load({ certificate: server.certificate, key: authority.path('none') }),
      /none cannot be read \(ENOENT\)/,
    ],
    [
      'have no CA where clients are to have certificates',
      () => load(server, { requireClientCertificates: true }),
      /there is no CA/,
    ],
  ])('that %s are not used, and it is said why', async (_what, loading, why) => {
    const credentials = await loading();

    expect(credentials.options).toBeUndefined();
    expect(credentials.problem).toMatch(why);
  });

  it('tell their expiry, and warn when it is near', async () => {
    const log = new RecordingLog();
    const soon = await authority.issue('soon', 10);

    const { daysLeft } = await TlsCredentials.load(tlsFiles(soon), log);

    expect(daysLeft).toBeGreaterThanOrEqual(9);
    expect(daysLeft).toBeLessThanOrEqual(10);
    expect(log.lines).toEqual(['the certificate expires soon']);
  });
});
