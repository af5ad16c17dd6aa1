/** Invariants A and B: what is acknowledged is stored, byte for byte; what is not stored is not acknowledged. */
import { createHash } from 'node:crypto';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dueAt } from '../../../core/contracts/due-time.ts';
import type { ObjectStore } from '../../../core/contracts/ports.ts';
import {
  DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
  encodingOf,
  EXPLICIT_VR_LITTLE_ENDIAN,
} from '../../../core/dicom/transfer-syntaxes.ts';
import { part10Head } from '../../../core/dicom/part10.ts';
import { prepareSpoolDirectory } from '../../../listener-container/ingest/spool.ts';
import { text, writeDataSet } from '../../support/data-set-writer.ts';
import { BENCH_AE_TITLE, openIngestBench, type IngestBench } from '../../support/ingest-bench.ts';
import type { MemoryGroups } from '../../support/memory-groups.ts';
import {
  contextOf,
  CT_IMAGE,
  dataSetOf,
  receive,
  send,
  type InstanceFacts,
} from '../../support/received-instances.ts';

const IMAGE: InstanceFacts = { sopInstanceUid: '1.2.3.4.5' };

let bench: IngestBench;
beforeEach(async () => {
  bench = await openIngestBench();
});
afterEach(() => bench.close());

describe('ingest', () => {
  it('acknowledges an instance when its object, its item and its group are there', async () => {
    const before = Date.now();

    const outcome = await receive(bench.ingest(), IMAGE);

    const dataSet = dataSetOf(IMAGE);
    const head = part10Head(contextOf(IMAGE));
    const [object] = bench.stored;
    const [item] = [...bench.groups.instanceItems.values()];
    const [group] = [...bench.groups.groupItems.values()];
    expect(outcome).toEqual({ status: 0 });
    expect(object?.bytes.equals(Buffer.concat([head, dataSet]))).toBe(true);
    expect(object?.length).toBe(head.length + dataSet.length);
    expect(item).toMatchObject({
      sopInstanceUid: IMAGE.sopInstanceUid,
      sopClassUid: CT_IMAGE,
      patientId: 'P1',
      objectKey: object?.key,
      size: object?.length,
      sha256: createHash('sha256').update(dataSet).digest('hex'),
      attributes: { PatientID: 'P1', Modality: 'CT' },
    });
    expect(group).toMatchObject({ state: 'COLLECTING', generation: 1, instanceCount: 1 });
    expect(group && dueAt(group)).toBeGreaterThanOrEqual(before + 5600);
    expect(bench.checks).toEqual([{ groupId: group?.id, delay: 4 }]);
  });

  it('spools what is larger than its memory to a file, stores the same bytes, and leaves no file', async () => {
    const large = { ...IMAGE, pixels: 3_000_000 };

    const outcome = await receive(
      bench.ingest({ limits: { memoryPerInstanceBytes: 1_000_000 } }),
      large,
    );

    expect(outcome.status).toBe(0);
    expect(
      bench.stored[0]?.bytes.subarray(-3_000_000).equals(dataSetOf(large).subarray(-3_000_000)),
    ).toBe(true);
    expect(await readdir(bench.spoolDirectory)).toEqual([]);
  });

  it('goes to files when all instances together have used their memory', async () => {
    const association = bench
      .ingest({ limits: { memoryBytes: 2_000_000 } })
      .associated(contextOf(IMAGE));
    const receptions = [1, 2, 3].map((index) => {
      const facts = { ...IMAGE, sopInstanceUid: `1.2.3.${index}`, pixels: 1_500_000 };
      return { reception: association.begin(contextOf(facts)), dataSet: dataSetOf(facts) };
    });
    for (const { reception, dataSet } of receptions) await reception.write(dataSet);

    const files = await readdir(bench.spoolDirectory);
    const outcomes = await Promise.all(receptions.map(({ reception }) => reception.end()));

    expect(files).toHaveLength(2);
    expect(outcomes.map(({ status }) => status)).toEqual([0, 0, 0]);
    expect(bench.stored.map(({ bytes, length }) => bytes.length === length)).toEqual([
      true,
      true,
      true,
    ]);
    await Promise.all(receptions.map(({ reception }) => reception.close()));
    expect(await readdir(bench.spoolDirectory)).toEqual([]);
  });

  it('forgets an instance whose association ended, with its file and its memory', async () => {
    const receiver = bench.ingest({
      limits: { memoryPerInstanceBytes: 1000, memoryBytes: 10_000 },
    });
    const reception = receiver.associated(contextOf(IMAGE)).begin(contextOf(IMAGE));
    await reception.write(dataSetOf({ ...IMAGE, pixels: 50_000 }));

    await reception.abort('the peer is gone');

    expect(await readdir(bench.spoolDirectory)).toEqual([]);
    expect(bench.stored).toEqual([]);
    expect((await receive(receiver, IMAGE)).status).toBe(0);
  });

  it('acknowledges an identical re-send without another item, and keeps other bytes as an item of their own', async () => {
    const receiver = bench.ingest();
    await receive(receiver, IMAGE);

    const again = await receive(receiver, IMAGE);
    const other = await receive(receiver, { ...IMAGE, comment: 'changed' });

    expect([again.status, other.status]).toEqual([0, 0]);
    expect(bench.groups.instanceItems.size).toBe(2);
    expect(bench.groups.groupItems.size).toBe(1);
    expect(bench.checks).toHaveLength(1);
  });

  it.each([
    ['has no attribute of the key', { patientId: undefined }, 'has no PatientID'],
    ['has an empty one', { patientId: '' }, 'has an empty PatientID'],
  ])('keeps an instance that %s as unrouted, and acknowledges it', async (_what, facts, reason) => {
    const outcome = await receive(bench.ingest(), { ...IMAGE, ...facts });

    expect(outcome.status).toBe(0);
    expect(bench.groups.unrouted.map((item) => item.reason)).toEqual([
      `the instance ${reason}, by which GANTRY groups`,
    ]);
    expect(bench.stored).toHaveLength(1);
    expect(bench.groups.groupItems.size).toBe(0);
  });

  it('groups by any attributes of the data set that its AE title names', async () => {
    const groupBy = ['PatientID', 'StudyID', 'FrameOfReferenceUID'];
    const receiver = bench.ingest({
      aeTitle: () => Promise.resolve({ ...BENCH_AE_TITLE, groupBy }),
    });
    const dataSet = writeDataSet(
      [
        text(0x00080016, 'UI', CT_IMAGE),
        text(0x00080018, 'UI', IMAGE.sopInstanceUid),
        text(0x00100020, 'LO', 'P1'),
        text(0x00200010, 'SH', 'urgent'),
        text(0x00200052, 'UI', '1.2.77'),
      ],
      encodingOf(EXPLICIT_VR_LITTLE_ENDIAN),
    );

    const outcome = await receive(receiver, IMAGE, { dataSet });

    const [group] = bench.groups.groupItems.values();
    expect(outcome.status).toBe(0);
    expect(group?.keyValues).toEqual(['P1', 'urgent', '1.2.77']);
  });

  it('reads the header of a deflated data set and stores it deflated', async () => {
    const deflated = { ...IMAGE, transferSyntaxUid: DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN };

    const outcome = await receive(bench.ingest(), deflated);

    const dataSet = dataSetOf(deflated);
    expect(outcome.status).toBe(0);
    expect(bench.stored[0]?.bytes.subarray(-dataSet.length).equals(dataSet)).toBe(true);
    expect([...bench.groups.instanceItems.values()][0]?.patientId).toBe('P1');
  });

  it.each([
    ['SOP Instance UID', { sopInstanceUid: '../../etc' }],
    ['SOP Instance UID', { sopInstanceUid: '' }],
    ['SOP Instance UID', { sopInstanceUid: '1.2.3/../4' }],
    ['SOP Instance UID', { sopInstanceUid: `1.${'2'.repeat(63)}` }],
    ['SOP Instance UID', { sopInstanceUid: '1.2.03' }],
    ['SOP Instance UID', { sopInstanceUid: '1.2.3\n4' }],
    ['SOP Instance UID', { sopInstanceUid: '1.2.3#4' }],
    ['SOP Instance UID', { sopInstanceUid: '1.2.３' }],
    ['SOP Class UID', { sopClassUid: '1.02' }],
    ['Transfer Syntax UID', { transferSyntaxUid: 'x' }],
  ])('refuses a request whose %s is none', async (field, context) => {
    const outcome = await receive(bench.ingest(), IMAGE, { context });

    expect(outcome).toEqual({ status: 0xc000, errorComment: `${field} is not a valid UID` });
    expect(bench.stored).toEqual([]);
    expect(bench.groups.decisions).toMatchObject([{ code: 'request-refused' }]);
  });

  it('refuses a data set that is another instance than its request says', async () => {
    const outcomes = [
      await receive(bench.ingest(), IMAGE, { context: { sopInstanceUid: '1.2.9' } }),
      await receive(bench.ingest(), IMAGE, { context: { sopClassUid: '1.2.9' } }),
    ];

    expect(outcomes).toEqual(
      Array(2).fill({
        status: 0xa900,
        errorComment: 'data set does not match SOP class/instance',
      }),
    );
    expect(bench.stored).toEqual([]);
  });

  it('stores under a harmless key what a device wrote for a UID', async () => {
    const outcome = await receive(bench.ingest(), {
      ...IMAGE,
      studyInstanceUid: '../x',
      seriesInstanceUid: '1.02.3',
    });

    expect(outcome.status).toBe(0);
    expect(bench.stored[0]?.key).toMatch(
      /^instances\/[0-9a-f]{2}\/GANTRY\/x[0-9a-f]{16}\/1\.02\.3\//,
    );
  });

  it('tries again when a put fails, with the whole body', async () => {
    let puts = 0;
    const put: ObjectStore['put'] = async (key, body, options) => {
      puts += 1;
      if (puts === 1) {
        throw new Error('connection reset');
      }
      await bench.keepObject(key, body, options);
    };

    const outcome = await receive(bench.ingest({ objects: { put } }), IMAGE);

    expect(outcome.status).toBe(0);
    expect(puts).toBe(2);
    expect(bench.stored[0]?.bytes.length).toBe(bench.stored[0]?.length);
  });

  it.each([
    ['the bucket fails', 'object', { objects: { put: () => Promise.reject(new Error('down')) } }],
    ['the bucket hangs', 'object', { objects: { put: () => new Promise<void>(() => undefined) } }],
  ])('answers 0xA700, in time, when %s', async (_what, part, change) => {
    const outcome = await receive(
      bench.ingest({ ...change, limits: { deadlineMs: 600, attemptMs: 200 } }),
      IMAGE,
    );

    expect(outcome).toEqual({
      status: 0xa700,
      errorComment: `the ${part} could not be stored; try again`,
    });
    expect(bench.groups.instanceItems.size).toBe(0);
  });

  it.each([
    ['fails', () => Promise.reject(new Error('down'))],
    ['hangs', () => new Promise<never>(() => undefined)],
  ])('answers 0xA700, in time, when the table %s at the item', async (_what, putInstance) => {
    const outcome = await receive(
      bench.ingest({
        groups: { ...bench.groups, putInstance },
        limits: { deadlineMs: 600, attemptMs: 200 },
      }),
      IMAGE,
    );

    expect(outcome.status).toBe(0xa700);
    expect(outcome.errorComment).toBe('the items could not be stored; try again');
  });

  it('never acknowledges when the group could not be touched, and does when a later attempt can', async () => {
    let opened = 0;
    const open: MemoryGroups['open'] = (group) => {
      opened += 1;
      return opened === 1 ? Promise.reject(new Error('throttled')) : bench.groups.open(group);
    };

    const outcome = await receive(bench.ingest({ groups: { ...bench.groups, open } }), IMAGE);

    expect(outcome.status).toBe(0);
    expect(opened).toBe(2);
    expect(bench.groups.groupItems.size).toBe(1);
  });

  it('acknowledges although the check cannot be sent: the sweep will find the group', async () => {
    const outcome = await receive(
      bench.ingest({ sendCheck: () => Promise.reject(new Error('queue is down')) }),
      IMAGE,
    );

    expect(outcome.status).toBe(0);
    expect(bench.groups.groupItems.size).toBe(1);
  });

  it('answers 0xA700 when the configuration cannot be read, and reads the request to its end', async () => {
    const outcome = await receive(
      bench.ingest({ aeTitle: () => Promise.reject(new Error('down')) }),
      {
        ...IMAGE,
        pixels: 100_000,
      },
    );

    expect(outcome.status).toBe(0xa700);
  });

  it('holds an association to what was configured when it was let in, and the next one to what is configured then', async () => {
    let configured: typeof BENCH_AE_TITLE | undefined = BENCH_AE_TITLE;
    let now = Date.now();
    const receiver = bench.ingest({
      aeTitle: () => Promise.resolve(configured),
      clock: () => now,
    });
    const first = receiver.associated(contextOf(IMAGE));
    await send(first, IMAGE);

    configured = { ...BENCH_AE_TITLE, duplicates: 'keepFirst' };
    now += 60_000;
    const second = receiver.associated(contextOf(IMAGE));
    const otherBytes = { ...IMAGE, comment: 'changed' };

    expect((await send(first, otherBytes)).status).toBe(0);
    expect((await send(second, { ...IMAGE, comment: 'changed again' })).status).toBe(0x0111);

    configured = undefined;
    now += 60_000;
    const third = receiver.associated(contextOf(IMAGE));

    expect((await send(second, { ...IMAGE, sopInstanceUid: '1.2.9' })).status).toBe(0);
    expect((await send(third, IMAGE)).status).toBe(0x0110);
  });

  it('asks for the configuration of an association again when it could not be read', async () => {
    let down = true;
    const association = bench
      .ingest({
        aeTitle: () => (down ? Promise.reject(new Error('down')) : Promise.resolve(BENCH_AE_TITLE)),
      })
      .associated(contextOf(IMAGE));

    expect((await send(association, IMAGE)).status).toBe(0xa700);
    down = false;
    expect((await send(association, IMAGE)).status).toBe(0);
  });

  it('answers 0xA700 when the spool has no directory', async () => {
    await rm(bench.spoolDirectory, { recursive: true });

    const outcome = await receive(bench.ingest({ limits: { memoryPerInstanceBytes: 10 } }), IMAGE);

    expect(outcome).toEqual({
      status: 0xa700,
      errorComment: 'the spool has no room; try again later',
    });
  });

  it('clears away what a killed listener left in the spool, and nothing else', async () => {
    await writeFile(join(bench.spoolDirectory, 'left.spool'), 'x');
    await writeFile(join(bench.spoolDirectory, 'other'), 'x');

    await prepareSpoolDirectory(bench.spoolDirectory);

    expect(await readdir(bench.spoolDirectory)).toEqual(['other']);
  });
});
