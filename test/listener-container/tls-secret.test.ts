/**
 * The listener's process with its certificate in Secrets Manager: closed while the secret is empty, open when it is
 * filled, and showing the rotated certificate to real TLS clients, all without a restart.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connect } from 'node:tls';
import {
  CreateSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Table } from '../../aws/table.ts';
import { CertificateItem } from '../../core/contracts/items.ts';
import { tableKeys } from '../../core/contracts/keys.ts';
import { ENV } from '../../core/contracts/names.ts';
import { EMULATOR_HOOK_MS, startEmulator, type Emulator } from '../support/emulator.ts';
import { freePort } from '../support/free-port.ts';
import { runProgram } from '../support/program.ts';
import { until } from '../support/until.ts';
import { certificateAuthority, type Issued } from './certificates.ts';

const MAIN = join(import.meta.dirname, '../../listener-container/main.ts');
const CLI = join(import.meta.dirname, '../../cli/gantry.mjs');
const NAME = 'listener-tls-secret';
const TAKEN_UP_MS = 10_000;

const Ready = z.object({
  dimsePort: z.int().min(1),
  dimseTlsPort: z.int().optional(),
  healthPort: z.int().min(1),
});

let emulator: Emulator | undefined;
let table: Table;
let secrets: SecretsManagerClient;
let secretArn: string;
let authority: Awaited<ReturnType<typeof certificateAuthority>>;
let program: ChildProcess | undefined;
let ready: z.infer<typeof Ready>;
let tlsPort: number;
const log: string[] = [];

const start = async (environment: Readonly<Record<string, string>>) => {
  const child = spawn(process.execPath, [MAIN], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // What went wrong is told on stderr.
  createInterface({ input: child.stderr }).on('line', (line) => log.push(line));
  const lines = createInterface({ input: child.stdout });
  const said = await new Promise<z.infer<typeof Ready>>((resolve, reject) => {
    lines.on('line', (line) => {
      log.push(line);
      const document = JSON.parse(line) as { event?: string };
      if (document.event === 'listening') resolve(Ready.parse(document));
    });
    lines.once('close', () => {
      reject(new Error('the listener ended before it was ready'));
    });
  });
  return { child, said };
};

beforeAll(async () => {
  emulator = await startEmulator();
  authority = await certificateAuthority();
  const { endpoint, region, credentials } = emulator.connection;
  table = await emulator.createTable(NAME);
  await emulator.createBucket(NAME);
  const { QueueUrl = '' } = await new SQSClient(emulator.connection).send(
    new CreateQueueCommand({ QueueName: NAME }),
  );
  secrets = new SecretsManagerClient(emulator.connection);
  ({ ARN: secretArn = '' } = await secrets.send(new CreateSecretCommand({ Name: NAME })));
  tlsPort = await freePort();
  const { child, said } = await start({
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    [ENV.table]: NAME,
    [ENV.bucket]: NAME,
    [ENV.stabilityChecksQueueUrl]: QueueUrl,
    [ENV.processorsQueueUrl]: QueueUrl,
    [ENV.dimseHost]: '127.0.0.1',
    [ENV.dimsePort]: '0',
    [ENV.dimseTlsPort]: String(tlsPort),
    [ENV.tlsSecretArn]: secretArn,
    [ENV.tlsReloadSeconds]: '1',
    [ENV.healthPort]: '0',
  });
  program = child;
  ready = said;
}, EMULATOR_HOOK_MS);

afterAll(async () => {
  program?.kill('SIGKILL');
  await emulator?.stop();
});

/** As a person fills it: what `gantry tls-secret` has checked and printed. */
const fill = async ({ certificate, key }: Issued, ...options: readonly string[]): Promise<void> => {
  const { code, stdout, stderr } = await runProgram(process.execPath, [
    ...[CLI, 'tls-secret', '--cert', certificate, '--key', key, ...options],
  ]);
  expect([code, stderr]).toEqual([0, '']);
  await put(stdout);
};

const put = async (SecretString: string): Promise<void> => {
  await secrets.send(new PutSecretValueCommand({ SecretId: secretArn, SecretString }));
};

const echoscu = (...options: readonly string[]) =>
  runProgram('echoscu', ['-aec', 'GANTRY', ...options], { TCP_NODELAY: '1' });

const secureEcho = () =>
  echoscu(
    ...['--anonymous-tls', '--add-cert-file', authority.ca],
    ...['127.0.0.1', String(tlsPort)],
  );

/** What a client is shown; undefined when nobody answers. */
const shownFingerprint = async (): Promise<string | undefined> => {
  const ca = await readFile(authority.ca, 'utf8');
  const socket = connect({ port: tlsPort, host: '127.0.0.1', servername: '', ca });
  try {
    await once(socket, 'secureConnect');
    return socket.getPeerCertificate().fingerprint256;
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
};

const isShown = (what: string, { fingerprint }: Issued) =>
  until(what, TAKEN_UP_MS, async () =>
    (await shownFingerprint()) === fingerprint ? true : undefined,
  );

const health = async (): Promise<unknown> => {
  const answer = await fetch(`http://127.0.0.1:${String(ready.healthPort)}/healthz`);
  return { code: answer.status, ...((await answer.json()) as object) };
};

const logged = (what: string, text: string) =>
  until(what, TAKEN_UP_MS, () =>
    Promise.resolve(log.some((line) => line.includes(text)) || undefined),
  );

describe('with its certificate in a secret, the listener', () => {
  it('answers on the plain port, is healthy and keeps the TLS port closed while the secret is empty', async () => {
    expect(ready.dimseTlsPort).toBeUndefined();
    expect(await health()).toMatchObject({ code: 200, status: 'ok', tls: 'closed' });
    expect(await echoscu('127.0.0.1', String(ready.dimsePort))).toMatchObject({ code: 0 });
    await expect(once(connect({ port: tlsPort, host: '127.0.0.1' }), 'secureConnect'))
      .rejects //
      .toMatchObject({ code: 'ECONNREFUSED' });
    await logged('it says so', 'the secret is empty');
    const item = await until('the table is told', TAKEN_UP_MS, () =>
      table.get(tableKeys.listenerCertificate, CertificateItem),
    );
    expect(item).toMatchObject({ problem: expect.stringContaining('empty') as string });
    expect(item.expiresAt).toBeUndefined();
  });

  it('stays so with a secret that cannot be used, and quotes nothing of it', async () => {
    await put('-----BEGIN PRIVATE KEY-----TOPSECRET');
    await logged('the problem is told', 'the secret is no JSON document');
    await put(JSON.stringify({ certificate: 'TOPSECRET' }));
    await logged('the next one too', 'the secret has no usable key');

    expect(log.filter((line) => line.includes('TOPSECRET'))).toEqual([]);
    expect(await health()).toMatchObject({ code: 200, tls: 'closed' });
  });

  it('opens the TLS port when the secret is filled, and shows the certificate of each rotation', async () => {
    const first = await authority.issue('first');
    const second = await authority.issue('second');

    await fill(first);
    await isShown('the first certificate is shown', first);
    expect(await secureEcho()).toMatchObject({ code: 0 });
    expect(await health()).toMatchObject({ code: 200, tls: 'open', certificateDaysLeft: 59 });

    await fill(second);
    await isShown('the rotated certificate is shown', second);
    expect(await secureEcho()).toMatchObject({ code: 0 });

    await put('{}');
    await logged('the broken rotation is told', 'the old one stays');
    expect(await shownFingerprint()).toBe(second.fingerprint);
  }, 60_000);

  it('asks clients for certificates once the secret has an authority', async () => {
    const server = await authority.issue('third');
    const client = await authority.issue('client');

    await fill(server, '--ca', authority.ca);
    await isShown('the third certificate is shown', server);

    expect((await secureEcho()).code).not.toBe(0);
    expect(
      await echoscu(
        ...['--enable-tls', client.key, client.certificate, '--add-cert-file', authority.ca],
        ...['127.0.0.1', String(tlsPort)],
      ),
    ).toMatchObject({ code: 0 });
  }, 60_000);

  it('ends in order with both ports open', async () => {
    if (program === undefined) throw new Error('the listener was not started');
    const ended = once(program, 'exit');

    program.kill('SIGTERM');

    expect(await ended).toEqual([0, null]);
  });
});
