/** What an AE title's policies make of instances that are not as they should be; each leaves a record. */
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AeTitleItem } from '../../../core/contracts/configuration.ts';
import { part10Head } from '../../../core/dicom/part10.ts';
import { createInstanceDecisions } from '../../../listener-container/ingest/instance-decisions.ts';
import { BENCH_AE_TITLE, openIngestBench, type IngestBench } from '../../support/ingest-bench.ts';
import {
  contextOf,
  dataSetOf,
  receive,
  type InstanceFacts,
} from '../../support/received-instances.ts';

const IMAGE: InstanceFacts = { sopInstanceUid: '1.2.3.4.5' };
const CHANGED: InstanceFacts = { ...IMAGE, comment: 'changed' };

let bench: IngestBench;
beforeEach(async () => {
  bench = await openIngestBench();
});
afterEach(() => bench.close());

const told = (policies: Partial<AeTitleItem>) =>
  bench.ingest({ aeTitle: () => Promise.resolve({ ...BENCH_AE_TITLE, ...policies }) });

const codes = () => bench.groups.decisions.map(({ code }) => code);
const uidsIn = (text: string) => text.match(/\d+(\.\d+){3,}/g);

describe('a data set that is not the instance of its request', () => {
  const announced = { context: { sopInstanceUid: '1.2.9', sopClassUid: '1.2.8' } };

  it('is refused, with a record that is found by the study and names no UID', async () => {
    const outcome = await receive(told({}), IMAGE, announced);

    expect(outcome.status).toBe(0xa900);
    expect(bench.stored).toEqual([]);
    expect(bench.groups.decisions).toMatchObject([
      {
        code: 'uid-mismatch',
        aeTitle: 'GANTRY',
        callingAeTitle: 'CT1',
        studyInstanceUid: '1.2.3',
        sopInstanceUid: '1.2.9',
      },
    ]);
    const { message = '' } = bench.groups.decisions[0] ?? {};
    expect(message).toContain('SOP class and SOP instance');
    expect(message).toContain("gantry ae-title set 'GANTRY' --uid-mismatch store");
    expect(uidsIn(message)).toBeNull();
  });

  it('is stored unaltered under its own UIDs if so configured, with a warning and a record', async () => {
    const outcome = await receive(told({ uidMismatch: 'store' }), IMAGE, announced);

    const [item] = [...bench.groups.instanceItems.values()];
    expect(outcome).toEqual({ status: 0xb007 });
    expect(item).toMatchObject({
      sopInstanceUid: '1.2.3.4.5',
      sopClassUid: contextOf(IMAGE).sopClassUid,
    });
    expect(
      bench.stored[0]?.bytes.equals(
        Buffer.concat([part10Head(contextOf(IMAGE)), dataSetOf(IMAGE)]),
      ),
    ).toBe(true);
    expect(codes()).toEqual(['uid-mismatch']);
  });

  it('that is another version of a stored one as well leaves a record of each', async () => {
    const ingest = told({ uidMismatch: 'store', duplicates: 'keepBoth' });
    await receive(ingest, IMAGE);

    const outcome = await receive(ingest, CHANGED, announced);

    expect(outcome).toEqual({ status: 0xb007 });
    expect(bench.stored).toHaveLength(2);
    expect(codes()).toEqual(['uid-mismatch', 'instance-conflict']);
  });

  it.each(['../../x', '1.02.3', `1.${'2'.repeat(63)}`, '1.2 3'])(
    'is refused whatever is configured when its own UID is %j',
    async (sopInstanceUid) => {
      const outcome = await receive(told({ uidMismatch: 'store' }), { sopInstanceUid }, announced);

      expect(outcome.status).toBe(0xc000);
      expect(bench.stored).toEqual([]);
      expect(codes()).toEqual(['data-set-refused']);
      expect(bench.groups.decisions[0]?.message).toContain('no setting changes this');
    },
  );

  it('is stored under its own UIDs from the spool file too, even if the bucket fails at first', async () => {
    const large = { ...IMAGE, pixels: 3 * 1024 * 1024 + 2 };
    let failures = 2;
    const receiver = bench.ingest({
      aeTitle: () => Promise.resolve({ ...BENCH_AE_TITLE, uidMismatch: 'store' }),
      limits: { memoryPerInstanceBytes: 64 * 1024, deadlineMs: 5000, attemptMs: 1000 },
      objects: {
        put: async (key, body, options) => {
          expect(await readdir(bench.spoolDirectory)).toHaveLength(1);
          failures -= 1;
          if (failures < 0) return bench.keepObject(key, body, options);
          if (body instanceof Readable) {
            body.once('data', () => body.destroy());
            await once(body, 'close');
          }
          throw new Error('connection reset');
        },
      },
    });

    const outcome = await receive(receiver, large, announced);

    const expected = Buffer.concat([part10Head(contextOf(large)), dataSetOf(large)]);
    expect(outcome).toEqual({ status: 0xb007 });
    expect(bench.stored).toHaveLength(1);
    expect(bench.stored[0]?.bytes.equals(expected)).toBe(true);
    expect(bench.stored[0]?.length).toBe(expected.length);
    expect([...bench.groups.instanceItems.values()][0]?.size).toBe(expected.length);
    expect(await readdir(bench.spoolDirectory)).toEqual([]);
  });

  it('is ignored by the SOP class that it has', async () => {
    const ignore = [contextOf(IMAGE).sopClassUid];
    const outcome = await receive(told({ uidMismatch: 'store', ignore }), IMAGE, announced);

    expect(outcome.status).toBe(0);
    expect(bench.stored).toEqual([]);
    expect(codes()).toEqual(['instance-ignored']);
  });
});

describe('a data set that cannot be read for its key', () => {
  const garbage = Buffer.from('this is no data set at all, whatever it is');
  /** Ends within an element before Patient ID. */
  const broken = dataSetOf(IMAGE).subarray(0, 70);

  it.each([
    ['garbage', garbage],
    ['one that ends too early', broken],
  ])('is kept as unrouted with its bytes: %s', async (_what, dataSet) => {
    const outcome = await receive(told({}), IMAGE, { dataSet });

    expect(outcome.status).toBe(0);
    expect(bench.groups.unrouted).toMatchObject([{ sopInstanceUid: '1.2.3.4.5' }]);
    expect(bench.groups.unrouted[0]?.reason).not.toBe('');
    expect(bench.stored[0]?.key).toMatch(/^unrouted\/GANTRY\/1\.2\.3\.4\.5-/);
    expect(bench.stored[0]?.bytes.subarray(-dataSet.length).equals(dataSet)).toBe(true);
  });

  it.each([
    ['garbage', garbage],
    ['one that ends too early', broken],
  ])('is refused with a record if so configured: %s', async (_what, dataSet) => {
    const outcome = await receive(told({ unparsable: 'refuse' }), IMAGE, { dataSet });

    expect(outcome.status).toBe(0xc000);
    expect(bench.stored).toEqual([]);
    expect(bench.groups.unrouted).toEqual([]);
    expect(codes()).toEqual(['data-set-refused']);
    expect(bench.groups.decisions[0]?.message).toContain(
      "gantry ae-title set 'GANTRY' --unparsable unrouted",
    );
  });

  it.each(['unrouted', 'refuse'] as const)(
    'is refused whatever is configured if it has not one byte: %s',
    async (unparsable) => {
      const outcome = await receive(told({ unparsable }), IMAGE, { dataSet: Buffer.alloc(0) });

      expect(outcome.status).toBe(0xc000);
      expect(bench.groups.decisions[0]?.message).toContain('no setting changes this');
    },
  );

  it('is none that merely has no value of the key: that one is kept', async () => {
    const outcome = await receive(told({ unparsable: 'refuse' }), { ...IMAGE, patientId: '' });

    expect(outcome.status).toBe(0);
    expect(bench.groups.unrouted).toHaveLength(1);
  });
});

describe('the same SOP instance with other bytes', () => {
  it('is kept beside the first, and the conflict is told', async () => {
    const receiver = told({});
    await receive(receiver, IMAGE);
    const outcome = await receive(receiver, CHANGED);

    expect(outcome.status).toBe(0);
    expect(bench.groups.instanceItems.size).toBe(2);
    expect(codes()).toEqual(['instance-conflict']);
    expect(bench.groups.decisions[0]?.message).toContain('both are kept');
  });

  it('is refused under keepFirst, also after many others, and the first one may come again', async () => {
    const receiver = told({ duplicates: 'keepFirst' });
    await receive(receiver, IMAGE);
    const outcome = await receive(receiver, CHANGED);
    const again = await receive(receiver, IMAGE);

    expect(outcome).toEqual({
      status: 0x0111,
      errorComment: 'kept as first received, with other bytes',
    });
    expect(again.status).toBe(0);
    expect(bench.groups.instanceItems.size).toBe(1);
    expect(bench.stored).toHaveLength(2);
    expect(codes()).toEqual(['instance-conflict']);
  });

  it('is marked as replacing under replace', async () => {
    const receiver = told({ duplicates: 'replace' });
    await receive(receiver, IMAGE);
    const outcome = await receive(receiver, CHANGED);

    expect(outcome.status).toBe(0);
    expect([...bench.groups.instanceItems.values()].map(({ replaces }) => replaces)).toEqual([
      true,
      true,
    ]);
    expect(bench.groups.decisions[0]?.message).toContain('it replaces the other');
  });

  it('is no conflict when the same bytes come again', async () => {
    // A re-send is told from a repeated attempt by its time.
    let now = Date.now();
    const receiver = bench.ingest({ clock: () => (now += 1) });
    for (const facts of [IMAGE, CHANGED, IMAGE, CHANGED]) await receive(receiver, facts);

    expect(codes()).toEqual(['instance-conflict']);
    await receiver.flush();
    expect(codes()).toEqual(['instance-conflict']);
  });
});

describe('an instance that is refused', () => {
  const failing = { put: () => Promise.reject(new Error('down')) };
  const limits = { deadlineMs: 50, attemptMs: 50 };

  it.each([
    ['A700', 'bucket', { objects: failing, limits }],
    ['A700', 'configuration', { aeTitle: () => Promise.reject(new Error('down')) }],
    ['0110', 'AE title', { aeTitle: () => Promise.resolve(undefined) }],
    ['A700', 'spool', { spoolDirectory: '/dev/null/none', limits: { memoryPerInstanceBytes: 10 } }],
  ])(
    'with %s for want of a %s is on record once, and then with the number',
    async (status, _what, change) => {
      const receiver = bench.ingest(change);
      for (const sopInstanceUid of ['1.2.3', '1.2.4', '1.2.5']) {
        await receive(receiver, { sopInstanceUid, pixels: 2 * 1024 * 1024 });
      }
      await receiver.flush();

      expect(codes()).toEqual(['instance-not-stored', 'instance-not-stored']);
      const [first, rest] = bench.groups.decisions.map(({ message }) => message);
      expect(first).toContain(
        `CT1 sent an instance that could not be stored, and was told so (${status})`,
      );
      expect(rest).toContain('(2 more such instances of the association)');
      expect(uidsIn(first ?? '')).toBeNull();
    },
  );

  it('before it was begun is on record once for each reason, and names no UID', async () => {
    const receiver = told({});
    const { associationId, calledAeTitle, callingAeTitle, remoteAddress } = contextOf(IMAGE);
    const association = { associationId, calledAeTitle, callingAeTitle, remoteAddress };
    for (const status of [0x0117, 0x0117, 0x0122]) {
      receiver.associated(association).refused({ status, errorComment: 'not as it should be' });
    }
    await receiver.flush();

    expect(codes()).toEqual(['request-refused', 'request-refused', 'request-refused']);
    const messages = bench.groups.decisions.map(({ message }) => message);
    expect(messages[0]).toContain('(0117): not as it should be');
    expect(messages[1]).toContain('(0122)');
    expect(messages[2]).toContain('(1 more such instances');
  });
});

describe('decisions about instances', () => {
  const facts = { code: 'c', message: 'It happened.', context: contextOf(IMAGE) };
  const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const decisions = (recordDecision?: () => Promise<void>) =>
    createInstanceDecisions({
      groups: recordDecision ? { recordDecision } : bench.groups,
      clock: Date.now,
      log: silent,
    });

  it('are told once for an association, a study and a kind, and then with their number', async () => {
    const { record, flush } = decisions();
    for (let number = 0; number < 5; number += 1) {
      await record({ ...facts, studyInstanceUid: '1.2', sopInstanceUid: `1.2.${number}` });
    }
    await record({ ...facts, studyInstanceUid: '1.3' });
    await flush();

    expect(
      bench.groups.decisions.map(({ message, studyInstanceUid }) => [message, studyInstanceUid]),
    ).toEqual([
      ['It happened.', '1.2'],
      ['It happened.', '1.3'],
      ['It happened. (4 more such instances of the association)', '1.2'],
    ]);
    expect(bench.groups.decisions[2]?.sopInstanceUid).toBeUndefined();
  });

  it('that cannot be stored keep nobody waiting', async () => {
    const { record } = decisions(() => Promise.reject(new Error('throttled')));

    await expect(record(facts)).resolves.toBeUndefined();
  });
});
