/**
 * The memory that connections are read into is used again and again. Here whatever is free is overwritten at once, so
 * that whoever reads a piece that it does not hold gets other bytes than were sent: many senders, whose instances are
 * in memory and in files, hashed here and by the thread, and a bucket that is slow, fails and goes on reading after
 * its time.
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openAssociation } from '../../cli/dimse/association.ts';
import type { ObjectStore } from '../../core/contracts/ports.ts';
import { storeRequest } from '../../core/dimse/messages.ts';
import { openHashing } from '../../listener-container/hashing/hash-thread.ts';
import { SlabPool } from '../../listener-container/memory/slabs.ts';
import { openIngestBench, type IngestBench } from '../support/ingest-bench.ts';
import { objectBytes } from '../support/object-bytes.ts';
import { CT_IMAGE, dataSetOf } from '../support/received-instances.ts';
import { listening, RecordingLog } from './listening.ts';
import { EXPLICIT_LITTLE } from './raw-peer.ts';

const MEBIBYTE = 1024 * 1024;
const POISON = 0xdd;
const ASSOCIATIONS = 4;
/** What an attempt may take, and what one that is late takes. */
const ATTEMPT_MS = 150;
const LATE_MS = 400;

let bench: IngestBench;
beforeEach(async () => {
  bench = await openIngestBench();
});
afterEach(() => bench.close());

/** Bytes that are others at each place, in each instance, and never the poison for long. */
const pixelsOf = (length: number, seed: number): Buffer => {
  const pixels = Buffer.allocUnsafe(length);
  for (let at = 0; at < length; at += 1) pixels[at] = (at * 31 + (at >> 8) * 7 + seed) & 0xff;
  return pixels;
};

const dataSet = (sopInstanceUid: string, pixelBytes: number, seed: number): Buffer => {
  const whole = dataSetOf({ sopInstanceUid, pixels: pixelBytes });
  whole.set(pixelsOf(pixelBytes, seed), whole.length - pixelBytes);
  return whole;
};

type Fate = 'works' | 'fails half-way' | 'is late';

/** What each attempt at an object read in the end, and whether it was one that counted. */
interface Read {
  readonly key: string;
  readonly bytes: Buffer;
  readonly counted: boolean;
}

/** A bucket whose first attempt at each object has the next fate, and whose second one works. */
const unreliableBucket = (fates: readonly Fate[]) => {
  const reads: Read[] = [];
  const late: Promise<void>[] = [];
  const tried = new Set<string>();
  const put: ObjectStore['put'] = async (key, body) => {
    const fate = tried.has(key) ? 'works' : (fates[tried.size % fates.length] ?? 'works');
    tried.add(key);
    if (fate === 'works') {
      reads.push({ key, bytes: await objectBytes(body), counted: true });
      return;
    }
    if (fate === 'fails half-way') throw new Error('connection reset');
    const reading = sleep(LATE_MS).then(async () => {
      // The file of an instance that was answered is gone; its memory must be what it was.
      if (body instanceof Readable || 'file' in body) return;
      reads.push({ key, bytes: await objectBytes(body), counted: false });
    });
    late.push(reading);
    await reading;
  };
  return { put, reads, settled: () => Promise.all(late) };
};

const fate = fc.constantFrom<Fate>('works', 'works', 'works', 'fails half-way', 'is late');
const pixelBytes = fc.oneof(
  fc.integer({ min: 0, max: 3000 }),
  fc.integer({ min: 0, max: 700_000 }),
  fc.integer({ min: 1_000_000, max: 3_000_000 }),
);

it('stores and hashes every instance as it was sent, and late readers still find what they were given', async () => {
  const log = new RecordingLog();
  const hashing = openHashing(log);
  let sent = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(pixelBytes, { minLength: 1, maxLength: 5 }), {
        minLength: ASSOCIATIONS,
        maxLength: ASSOCIATIONS,
      }),
      fc.array(fate, { minLength: 1, maxLength: 7 }),
      async (loads, fates) => {
        const bucket = unreliableBucket(fates);
        const { listener, port } = await listening({
          slabs: new SlabPool(3, (slab) => slab.bytes.fill(POISON)),
          receiver: bench.ingest({
            objects: bucket,
            beginHash: hashing.begin,
            limits: {
              memoryPerInstanceBytes: MEBIBYTE,
              memoryBytes: 2 * MEBIBYTE,
              deadlineMs: 20_000,
              attemptMs: ATTEMPT_MS,
            },
          }),
        });
        const expected = new Map<string, Buffer>();
        await Promise.all(
          loads.map(async (sizes) => {
            const association = await openAssociation({
              ...{ host: '127.0.0.1', port, calledAe: 'GANTRY', callingAe: 'SENDER' },
              contexts: [{ abstractSyntax: CT_IMAGE, transferSyntaxes: [EXPLICIT_LITTLE] }],
              timeoutMs: 20_000,
            });
            for (const size of sizes) {
              sent += 1;
              const sopInstanceUid = `1.2.3.${sent}`;
              const bytes = dataSet(sopInstanceUid, size, sent);
              expected.set(sopInstanceUid, bytes);
              const { Status } = await association.request(
                1,
                storeRequest(association.nextMessageId(), CT_IMAGE, sopInstanceUid),
                { length: bytes.length, pieces: Readable.from([bytes]) },
              );
              expect(Status).toBe(0);
            }
            await association.release();
          }),
        );
        await bucket.settled();
        await listener.stop(0);

        const items = [...bench.groups.instanceItems.values()];
        for (const [sopInstanceUid, bytes] of expected) {
          const item = items.find((other) => other.sopInstanceUid === sopInstanceUid);
          expect(item?.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
          const of = bucket.reads.filter(({ key }) => key === item?.objectKey);
          expect(of.filter(({ counted }) => counted)).toHaveLength(1);
          for (const read of of) {
            expect(read.bytes.subarray(-bytes.length).equals(bytes)).toBe(true);
          }
        }
      },
    ),
    { numRuns: 20 },
  );
  await hashing.close();
}, 120_000);
