/** `gantry echo` and `gantry send` as processes, against a listener, mostly its TLS port. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { TlsSecret } from '../../core/contracts/tls-secret.ts';
import { TlsCredentials } from '../../listener-container/tls/tls-credentials.ts';
import { tlsFiles } from '../../listener-container/tls/tls-source.ts';
import { aPart10File, temporaryFolder, writeInto } from '../cli/dimse/files.ts';
import { runProgram, type ProgramOutcome } from '../support/program.ts';
import { certificateAuthority, type Issued } from './certificates.ts';
import { RecordingLog, listening } from './listening.ts';

const CLI = join(import.meta.dirname, '..', '..', 'cli', 'gantry.mjs');

let authority: Awaited<ReturnType<typeof certificateAuthority>>;
let server: Issued;
let client: Issued;

beforeAll(async () => {
  authority = await certificateAuthority();
  server = await authority.issue('server');
  client = await authority.issue('client');
});

/** With `ca`, clients have to show a certificate. */
const secured = async (ca?: string) => {
  const log = new RecordingLog();
  const { certificate, key } = server;
  const credentials = await TlsCredentials.load(tlsFiles({ certificate, key, ca }), log);
  const started = await listening({ log, tls: { port: 0, credentials } });
  return { ...started, tlsPort: String(started.listener.tlsPort) };
};

const gantry = (
  command: 'echo' | 'send' | 'tls-secret',
  ...args: readonly string[]
): Promise<ProgramOutcome> => runProgram(process.execPath, [CLI, command, ...args]);

const as = ({ certificate, key }: Issued) => ['--cert', certificate, '--key', key];

describe('gantry echo', () => {
  it('that is refused says where the reason is, and does not ask whether anybody is there', async () => {
    const { port } = await listening({ maximumAssociations: 0 });

    const { code, stderr } = await gantry('echo', '--port', String(port));

    expect(code).toBe(1);
    expect(stderr).toContain('rejected');
    expect(stderr).toContain('gantry decision list');
    expect(stderr).not.toContain('npm start');
  });
});

describe('gantry echo --tls', () => {
  it('is answered by a peer whose certificate is of the named authority', async () => {
    const { tlsPort } = await secured();

    const { code, stdout } = await gantry('echo', '--port', tlsPort, '--tls', '--ca', authority.ca);

    expect([code, stdout]).toEqual([0, expect.stringContaining('answered with status 0')]);
  });

  it('takes its port from the environment', async () => {
    const { tlsPort } = await secured();

    const { code } = await runProgram(
      process.execPath,
      [CLI, 'echo', '--tls', '--ca', authority.ca],
      { GANTRY_DIMSE_TLS_PORT: tlsPort, GANTRY_DIMSE_PORT: '9' },
    );

    expect(code).toBe(0);
  });

  it('shows its certificate to a peer that wants one', async () => {
    const { tlsPort } = await secured(authority.ca);
    const to = ['--port', tlsPort, '--tls', '--ca', authority.ca];

    const without = await gantry('echo', ...to);
    const shown = await gantry('echo', ...to, ...as(client));

    expect(shown.code).toBe(0);
    expect(without.code).toBe(1);
    expect(without.stderr).toContain('--cert FILE --key FILE');
  });

  it('does not speak to a peer that nobody vouches for, and says how to name who does', async () => {
    const { tlsPort } = await secured();

    const { code, stderr } = await gantry('echo', '--port', tlsPort, '--tls');

    expect(code).toBe(1);
    expect(stderr).toContain(`the TLS handshake with 127.0.0.1:${tlsPort} failed (UNABLE_TO`);
    expect(stderr).toContain('--ca FILE');
  });

  it('asks whether it is the TLS port when plain DICOM answers', async () => {
    const { port } = await secured();

    const { code, stderr } = await gantry('echo', '--port', String(port), '--tls');

    expect(code).toBe(1);
    expect(stderr).toContain('the TLS handshake');
    expect(stderr).toContain('is it its TLS port?');
  });

  it.each<[string, () => readonly string[], string]>([
    [
      'without --tls',
      () => ['--ca', authority.ca, ...as(client)],
      '--ca, --cert, --key cannot be used without --tls',
    ],
    ['of a certificate alone', () => ['--tls', '--cert', client.certificate], 'belong together'],
  ])('is a wrong usage with files %s', async (_what, args, message) => {
    const { code, stderr } = await gantry('echo', ...args());

    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it.each<[string, () => readonly string[], string]>([
    ['is not there', () => ['--ca', authority.path('none')], 'cannot be read (ENOENT)'],
    ['is no certificate', () => ['--ca', client.key], 'is no certificate in PEM form'],
    [
      'is the key of another one',
      () => ['--cert', client.certificate, '--key', server.key],
      'are no pair',
    ],
  ])('names the file that %s, before it connects', async (_what, args, message) => {
    const { code, stderr } = await gantry('echo', '--tls', '--port', '9', ...args());

    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });
});

describe('gantry send --tls', () => {
  it('sends files byte for byte', async () => {
    const { tlsPort, receiver } = await secured(authority.ca);
    const folder = temporaryFolder();
    const dataSet = Buffer.alloc(1_000_000, 'DICOM');
    writeInto(folder, '1.dcm', aPart10File({ sopInstanceUid: '1.2.1', dataSet }));

    const { code, stderr } = await gantry(
      ...(['send', folder, '--to', 'GANTRY', '--port', tlsPort, '--tls'] as const),
      ...['--ca', authority.ca, ...as(client)],
    );

    expect([code, stderr]).toEqual([0, '1 stored, 0 not stored\n']);
    expect(receiver.dataSet('1.2.1')?.equals(dataSet)).toBe(true);
  });
});

describe('gantry tls-secret', () => {
  it('prints certificate, key and authority as the listener’s secret has them', async () => {
    const { code, stdout } = await gantry('tls-secret', ...as(server), '--ca', authority.ca);

    expect(code).toBe(0);
    expect(TlsSecret.parse(JSON.parse(stdout))).toEqual({
      certificate: readFileSync(server.certificate, 'utf8'),
      key: readFileSync(server.key, 'utf8'),
      ca: readFileSync(authority.ca, 'utf8'),
    });
  });

  it('prints nothing of files that the listener could not use', async () => {
    const { code, stdout, stderr } = await gantry(
      ...(['tls-secret', '--cert', server.certificate, '--key', client.key] as const),
    );

    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('are no pair');
  });
});
