/** The listener as the process that it is, between a real sender and an emulated AWS. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { tableConfiguration } from '../../aws/configuration.ts';
import type { Table } from '../../aws/table.ts';
import { readPart10 } from '../../cli/dimse/part10-file.ts';
import { sendEcho } from '../../cli/dimse/send-echo.ts';
import { sendFiles } from '../../cli/dimse/send-files.ts';
import { dayOf } from '../../core/contracts/day.ts';
import { OwedCommitmentItem } from '../../core/contracts/commitment-items.ts';
import { DecisionRecord } from '../../core/contracts/items.ts';
import { tableKeys } from '../../core/contracts/keys.ts';
import { ENV } from '../../core/contracts/names.ts';
import type { ObjectStore } from '../../core/contracts/ports.ts';
import { pydicomFiles } from '../support/dicom-files.ts';
import { preparePythonTools } from '../../scripts/python-tools.ts';
import { startEmulator, type Emulator } from '../support/emulator.ts';
import { freePort } from '../support/free-port.ts';
import { runProgram } from '../support/program.ts';
import { until } from '../support/until.ts';

const PREPARATION_MS = 180_000;
const MAIN = join(import.meta.dirname, '../../listener-container/main.ts');

const Ready = z.object({
  event: z.literal('listening'),
  dimsePort: z.int().min(1),
  healthPort: z.int().min(1),
});

let emulator: Emulator | undefined;
let table: Table;
let objects: ObjectStore;
let s3: S3Client;
let program: ChildProcess | undefined;
let ready: z.infer<typeof Ready>;
let environment: Readonly<Record<string, string>>;

const start = async () => {
  const child = spawn(process.execPath, [MAIN], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    return { child, ready: Ready.parse(JSON.parse(line)) };
  }
  throw new Error('the listener ended before it was ready');
};

beforeAll(async () => {
  emulator = await startEmulator();
  const { endpoint, region, credentials } = emulator.connection;
  table = await emulator.createTable('listener-process');
  ({ objects, client: s3 } = await emulator.createBucket('listener-process'));
  const { QueueUrl = '' } = await new SQSClient({ endpoint, region, credentials }).send(
    new CreateQueueCommand({ QueueName: 'listener-process-checks' }),
  );
  environment = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    [ENV.table]: 'listener-process',
    [ENV.bucket]: 'listener-process',
    [ENV.stabilityChecksQueueUrl]: QueueUrl,
    [ENV.processorsQueueUrl]: QueueUrl,
    [ENV.dimseHost]: '127.0.0.1',
    [ENV.dimsePort]: '0',
    [ENV.healthPort]: '0',
  };
  ({ child: program, ready } = await start());
}, PREPARATION_MS);

afterAll(async () => {
  program?.kill('SIGKILL');
  await emulator?.stop();
});

const peer = (calledAe: string) => ({
  host: '127.0.0.1',
  port: ready.dimsePort,
  calledAe,
  callingAe: 'SENDER',
  timeoutMs: 10_000,
});

describe('the listener’s process', () => {
  it('says where it can be called, and is healthy there', async () => {
    const health = await fetch(`http://127.0.0.1:${String(ready.healthPort)}/healthz`);

    expect(await health.json()).toEqual({ status: 'ok', associations: 0 });
    expect((await sendEcho(peer('GANTRY'))).status).toBe(0);
  });

  it('stores an instance as an object with the data set that was sent', async () => {
    const [file = ''] = await pydicomFiles('CT_small.dcm');
    const { dataSetOffset } = await readPart10(file);

    const report = await sendFiles({ ...peer('GANTRY'), paths: [file] });
    const listed = await s3.send(
      new ListObjectsV2Command({ Bucket: 'listener-process', Prefix: 'instances/' }),
    );

    expect(report).toMatchObject({ stored: 1, failed: 0 });
    const keys = (listed.Contents ?? []).map(({ Key = '' }) => Key);
    expect(keys).toHaveLength(1);
    const stored = Buffer.from(await objects.getBytes(keys[0] ?? ''));
    const sent = (await readFile(file)).subarray(dataSetOffset);
    // (0002,0000) counts the File Meta group's bytes from after itself, at byte 144.
    expect(stored.subarray(144 + stored.readUInt32LE(140)).equals(sent)).toBe(true);
  });

  it('commits to what it has stored, and to nothing else', async () => {
    const [file = ''] = await pydicomFiles('CT_small.dcm');
    const { sopClassUid, sopInstanceUid } = await readPart10(file);
    const tools = await preparePythonTools();
    const script = join(import.meta.dirname, 'commitment_scu.py');

    const { stdout } = await runProgram(tools.program('python'), [
      ...[script, String(ready.dimsePort), 'GANTRY', 'SCU', 'same'],
      ...[sopClassUid, sopInstanceUid, sopClassUid, '1.2.3.999', '1.2.3', sopInstanceUid],
    ]);

    expect(JSON.parse(stdout)).toMatchObject({
      status: 0,
      report: {
        eventType: 2,
        committed: [[sopClassUid, sopInstanceUid]],
        failed: [
          ['1.2.3.999', 0x0112],
          [sopInstanceUid, 0x0119],
        ],
      },
    });
  });

  it('owes a report even when it is killed: the next listener sends it', async () => {
    const [deafPort, scuPort] = [await freePort(), await freePort()];
    const { sources } = tableConfiguration(table);
    await sources.put('SCU', { aeTitle: 'SCU', hosts: [], port: deafPort });
    const [file = ''] = await pydicomFiles('CT_small.dcm');
    const { sopClassUid, sopInstanceUid } = await readPart10(file);
    const tools = await preparePythonTools();
    const { pk, sk } = tableKeys.owedCommitment('');
    const owed = () => table.queryAll(pk, sk, OwedCommitmentItem);

    const asked = runProgram(tools.program('python'), [
      join(import.meta.dirname, 'commitment_scu.py'),
      ...[String(ready.dimsePort), 'GANTRY', 'SCU', String(scuPort)],
      ...[sopClassUid, sopInstanceUid],
    ]);
    const { id } = await until('it was tried to report', 15_000, async () =>
      (await owed()).find(({ attempts }) => attempts > 0),
    );
    program?.kill('SIGKILL');
    await sources.put('SCU', { aeTitle: 'SCU', hosts: [], port: scuPort });
    // As if so much time had passed.
    await table.update(tableKeys.owedCommitment(id), {
      update: 'SET #leaseUntil = :past',
      names: ['leaseUntil'],
      values: { past: 0 },
    });
    ({ child: program, ready } = await start());

    const { stdout } = await asked;
    expect(JSON.parse(stdout)).toMatchObject({
      report: { ownTransaction: true, eventType: 1, committed: [[sopClassUid, sopInstanceUid]] },
    });
    await until('nothing is owed', 5000, async () => (await owed()).length === 0 || undefined);
    await sources.remove('SCU');
  }, 60_000);

  it('records a refused association with what to do about it', async () => {
    await expect(sendEcho(peer('NOBODY'))).rejects.toThrow('called AE title not recognized');

    const day = dayOf(Date.now());
    const partition = tableKeys.decisionPartition(day);
    const [record] = await table.queryAll(partition, day, DecisionRecord);

    expect(record).toMatchObject({
      code: 'association-rejected',
      aeTitle: 'NOBODY',
      callingAeTitle: 'SENDER',
      remoteAddress: '127.0.0.1',
    });
    expect(record?.message).toContain('gantry ae-title set NOBODY');
  });

  it('ends with code 0 on SIGTERM', async () => {
    if (program === undefined) throw new Error('the listener was not started');
    const ended = once(program, 'exit');

    program.kill('SIGTERM');

    expect(await ended).toEqual([0, null]);
  });
});

describe('without its settings', () => {
  it('the process ends and names all that is wrong at once', async () => {
    const { code, stderr } = await runProgram(process.execPath, [MAIN], {
      [ENV.table]: '',
      [ENV.bucket]: 'bucket',
      [ENV.dimsePort]: '70000',
    });

    expect(code).toBe(1);
    expect(stderr).toContain(ENV.table);
    expect(stderr).toContain(ENV.dimsePort);
    expect(stderr).toContain(ENV.stabilityChecksQueueUrl);
    expect(stderr).not.toContain(ENV.bucket);
  });
});
