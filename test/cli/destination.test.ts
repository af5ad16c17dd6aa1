/** `gantry destination` as a process, against the real API handler and a real listener, with TLS and without. */
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { listening } from '../listener-container/listening.ts';
import { startEmulatedApi, type EmulatedApi } from '../support/emulated-api.ts';
import { runProgram, type ProgramOutcome } from '../support/program.ts';

const CLI = join(import.meta.dirname, '..', '..', 'cli', 'gantry.mjs');
const TLS = join(import.meta.dirname, '..', 'fixtures', 'tls');
const CERTIFICATE = join(TLS, 'certificate.pem');

let api: EmulatedApi;

beforeAll(async () => {
  api = await startEmulatedApi();
}, 60_000);

afterAll(async () => {
  await api.stop();
});

const gantry = (args: readonly string[], environment = {}): Promise<ProgramOutcome> =>
  runProgram(process.execPath, [CLI, 'destination', ...args], {
    GANTRY_API: api.url,
    ...environment,
  });

const set = (name: string, port: number, ...more: readonly string[]): Promise<ProgramOutcome> =>
  gantry([
    ...['set', name, '--ae-title', 'GANTRY', '--host', '127.0.0.1', '--port', String(port)],
    ...more,
  ]);

/** TLS on a free port, passed on to a port without. */
const behindTls = async (port: number): Promise<number> => {
  const server = createTlsServer(
    { cert: readFileSync(CERTIFICATE), key: readFileSync(join(TLS, 'key.pem')) },
    (secure) => {
      const plain = connect({ host: '127.0.0.1', port });
      for (const socket of [secure, plain]) {
        socket.on('error', () => socket.destroy());
      }
      secure.pipe(plain).pipe(secure);
    },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
};

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

describe('gantry destination', { timeout: 20_000 }, () => {
  it('sets, shows, lists and removes, as JSON and for people', async () => {
    const made = await set('pacs', 104, '--tls', '--json');
    const changed = await gantry(['set', 'pacs', '--no-tls', '--json']);
    const shown = await gantry(['show', 'pacs', '--json']);
    const table = await gantry(['list']);
    const removed = await gantry(['remove', 'pacs']);
    const listed = await gantry(['list', '--json']);

    const expected = { name: 'pacs', aeTitle: 'GANTRY', host: '127.0.0.1', port: 104 };
    expect(JSON.parse(made.stdout)).toEqual({ ...expected, tls: true });
    expect(JSON.parse(changed.stdout)).toEqual({ ...expected, tls: false });
    expect(JSON.parse(shown.stdout)).toEqual({ ...expected, tls: false });
    expect(table.stdout).toMatch(/^pacs +GANTRY +127\.0\.0\.1 +104 +no$/m);
    expect(removed).toMatchObject({ code: 0, stdout: '' });
    expect(JSON.parse(listed.stdout)).toEqual([]);
  });

  it('prints every problem of a refused change, and ends with 1', async () => {
    const outcome = await gantry(['set', 'new', '--port', '0']);

    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(/- aeTitle: /);
    expect(outcome.stderr).toMatch(/- host: /);
    expect(outcome.stderr).toMatch(/- port: 0 is no port/);
  });

  it('tests a destination that answers', async () => {
    const { port } = await listening();
    await set('answers', port);

    const tested = await gantry(['test', 'answers', '--json']);
    const told = await gantry(['test', 'answers']);

    expect(JSON.parse(tested.stdout)).toMatchObject({ name: 'answers', status: 0 });
    expect(told.stdout).toMatch(/^answers \(GANTRY at 127\.0\.0\.1:\d+\) answered: 0000H success/);
  });

  it('tests a destination over TLS, and only if its certificate can be trusted', async () => {
    const { port } = await listening();
    await set('secure', await behindTls(port), '--tls');

    const trusted = await gantry(['test', 'secure', '--json'], {
      NODE_EXTRA_CA_CERTS: CERTIFICATE,
    });
    const refused = await gantry(['test', 'secure', '--json']);

    expect(JSON.parse(trusted.stdout)).toMatchObject({ status: 0 });
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('SELF_SIGNED');
  });

  it('says so when nobody answers, and whose view that is', async () => {
    await set('silent', await freePort());

    const outcome = await gantry(['test', 'silent']);

    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(/^gantry: silent \(GANTRY at .*ECONNREFUSED/);
    expect(outcome.stderr).toContain('from this computer');
  });

  it('ends with 1 for a destination that is not there', async () => {
    const outcome = await gantry(['test', 'nowhere']);

    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('there is no destination "nowhere"');
  });
});
