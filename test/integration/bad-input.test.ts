/** What is not DICOM and what is no package: refused with a sentence, and the rest goes on. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { DecisionPage } from '../../core/contracts/api.ts';
import { RunningGantry } from '../support/gantry.ts';
import { echoscu, storescu } from '../support/senders.ts';
import { makeVolume } from '../support/studies.ts';
import { until } from '../support/until.ts';

const gantry = new RunningGantry(inject('gantry'));
const to = { port: gantry.address.dimsePort, calledAeTitle: 'BADINPUT' };

beforeAll(async () => {
  await gantry.done('service', 'install', './test/fixtures/services/chain', '--force');
  await gantry.aeTitle('BADINPUT', ['chain']);
});

describe('gantry send', () => {
  it('names the file that is not DICOM, and sends the others', async () => {
    const study = await makeVolume(2);
    const notes = join(mkdtempSync(join(tmpdir(), 'gantry-notes-')), 'notes.txt');
    writeFileSync(notes, 'no image\n');

    const sent = await gantry.cli('send', notes, ...study.files, '--to', 'BADINPUT');
    const instances = await gantry.instancesOf('BADINPUT', study.studyInstanceUid);

    expect(sent.code).toBe(1);
    expect(sent.stderr).toContain('notes.txt');
    expect(sent.stderr).toMatch(/not (a )?DICOM/i);
    expect(instances).toHaveLength(2);
  });
});

const listenerLog = (): string[] =>
  readFileSync(join(gantry.address.dataDirectory, 'logs', 'listener.log'), 'utf8')
    .trimEnd()
    .split('\n');

/** Sends bytes, and resolves when the other side has answered (with an abort) or closed the connection. */
const throwAt = (port: number, bytes: Uint8Array): Promise<void> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(bytes);
    });
    socket.on('data', () => {
      socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      resolve();
    });
  });

describe('the DIMSE port', () => {
  it.each([
    { name: 'an HTTP request', bytes: Buffer.from('GET / HTTP/1.1\r\nHost: gantry\r\n\r\n') },
    { name: 'noise', bytes: Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 89) % 251)) },
    { name: 'a PDU that claims 4 GiB', bytes: Buffer.from('0100ffffffff00010000', 'hex') },
    {
      name: 'an A-ASSOCIATE-RQ of nonsense',
      bytes: Buffer.from(`010000000010${'ee'.repeat(16)}`, 'hex'),
    },
    {
      name: 'P-DATA before an association',
      bytes: Buffer.from('0400000000060000000201030000', 'hex'),
    },
  ])('answers $name with an abort, says so in its log, and goes on serving', async ({ bytes }) => {
    const before = listenerLog().length;

    await throwAt(to.port, bytes);
    const said = await until('a line in the log', 5000, () =>
      Promise.resolve(
        listenerLog()
          .slice(before)
          .find((line) => line.includes('127.0.0.1')),
      ),
    );

    expect(said).toMatch(/WARN/i);
    expect((await echoscu(to)).code).toBe(0);
  });
});

describe('an association that is refused', () => {
  it('leaves a decision record with who called whom, and why not', async () => {
    const study = await makeVolume(1);

    const refused = await storescu({ ...to, calledAeTitle: 'TYPO' }, study.files);
    const decision = await until('the decision record', 10_000, async () =>
      (await gantry.get(DecisionPage, 'decisions')).items.find(({ aeTitle }) => aeTitle === 'TYPO'),
    );

    expect(refused.code).not.toBe(0);
    expect(decision.callingAeTitle).toBe('MODALITY');
    expect(decision.message).toContain('TYPO');
  });
});

describe('gantry service install', () => {
  const installed = async (): Promise<string[]> =>
    (await gantry.document(z.array(z.object({ name: z.string() })), 'service', 'list')).map(
      ({ name }) => name,
    );

  it('refuses a package whose module is no Python package', async () => {
    const outcome = await gantry.cli(
      'service',
      'install',
      './test/fixtures/services/no-module-init',
    );

    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('module/__init__.py');
    expect(await installed()).not.toContain('no-module-init');
  });

  it('refuses a package whose jobs wait for each other, and shows every circle', async () => {
    const outcome = await gantry.cli('service', 'install', './test/fixtures/services/cycle');

    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(/hen → egg → hen|egg → hen → egg/);
    expect(outcome.stderr).toContain('ouroboros → ouroboros');
    expect(await installed()).not.toContain('cycle');
  });

  it('refuses a folder that is not there', async () => {
    const outcome = await gantry.cli('service', 'install', './test/fixtures/services/nowhere');

    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('nowhere');
  });
});
