/** Memory that is used again: never while somebody holds a piece of it, and always when everybody has let go. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ReadMemory } from '../../../listener-container/memory/read-memory.ts';
import {
  hold,
  letGo,
  SLAB_BYTES,
  slabOf,
  SlabPool,
} from '../../../listener-container/memory/slabs.ts';
import { countedSlabs } from './counted-slabs.ts';

it('gives a slab to somebody else only when all that held it have let go', () => {
  const pool = new SlabPool(4);
  const slab = pool.take();
  const piece = slab.bytes.subarray(10, 20);
  hold(piece);
  slab.letGo();
  expect(pool.take()).not.toBe(slab);

  letGo(piece);
  expect(pool.take()).toBe(slab);
});

it('keeps no more slabs than it should of those that nobody holds', () => {
  const pool = new SlabPool(2);
  const first = [pool.take(), pool.take(), pool.take()];
  for (const slab of first) slab.letGo();
  const second = [pool.take(), pool.take(), pool.take()];

  expect(second.filter((slab) => first.includes(slab))).toHaveLength(2);
});

it('knows nothing of memory that is no slab', () => {
  const piece = Buffer.alloc(SLAB_BYTES);
  hold(piece);
  letGo(piece);

  expect(slabOf(piece)).toBeUndefined();
});

it('leaves the bytes of every piece that is held as they were read, whatever was held before and is read after', () => {
  const length = fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 300_000 }));
  /** Of one connection: how much a read gets, and after how many others the piece is let go of. */
  const read = fc.record({
    ...{ connection: fc.nat(2), length, keptFor: fc.nat(40) },
    inMessage: fc.oneof({ arbitrary: fc.constant(true), weight: 4 }, fc.constant(false)),
  });
  fc.assert(
    fc.property(fc.array(read, { maxLength: 150 }), (reads) => {
      const pool = new SlabPool(3, (slab) => slab.bytes.fill(0xdd));
      const memories = [1, 2, 3].map(() => new ReadMemory(pool));
      const held: { piece: Buffer; byte: number; until: number }[] = [];
      for (const [index, { connection, length: wanted, keptFor, inMessage }] of reads.entries()) {
        const memory = memories[connection];
        if (memory === undefined) throw new Error('there are three connections');
        const room = memory.room(inMessage);
        const piece = memory.read(Math.min(wanted, room.length));
        const byte = index % 200;
        piece.fill(byte);
        hold(piece);
        held.push({ piece, byte, until: index + keptFor });
        for (const kept of held) {
          if (kept.until !== index) continue;
          expect(kept.piece.every((value) => value === kept.byte)).toBe(true);
          letGo(kept.piece);
        }
      }
      const left = held.filter(({ until }) => until >= reads.length);
      for (const { piece, byte } of left) {
        expect(piece.every((value) => value === byte)).toBe(true);
      }
    }),
    { numRuns: 60 },
  );
});

it('has no slab for a connection on which no message is coming', () => {
  const { taken, take } = countedSlabs();
  const memory = new ReadMemory({ take });
  memory.room(false);
  memory.read(100);
  expect(taken.size).toBe(0);
  memory.room(true);
  const piece = memory.read(100);
  expect(taken.size).toBe(1);
  hold(piece);
  memory.room(false);
  expect(taken.size).toBe(1);
  letGo(piece);
  expect(taken.size).toBe(0);
});
