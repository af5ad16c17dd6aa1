/**
 * Mutations of bytes that have structure: lengths and types are hit more often than a blind mutation would, pieces
 * are dropped, doubled and exchanged with other seeds. All of it follows from one number, so that a finding is
 * repeated by its seed.
 */
import { seeded } from '../../../bench/scale/random.ts';

/** Numbers from 0 up to, not including, `below`. */
export type Random = (below: number) => number;

/** The same numbers for the same seed. */
export const randomFrom = (seed: number): Random => {
  const next = seeded(seed);
  return (below) => Math.floor(next() * below);
};

/** Lengths at which readers go wrong. */
const NASTY = [0, 1, 2, 3, 4, 7, 8, 0xff, 0x100, 0xfffe, 0xffff, 0x10000, 0x7fffffff, 0xfffffffe];
const UNDEFINED_LENGTH = 0xffffffff;

type Mutation = (bytes: Buffer, random: Random, other: Buffer) => Buffer;

const changed = (bytes: Buffer, change: (copy: Buffer) => void): Buffer => {
  const copy = Buffer.from(bytes);
  change(copy);
  return copy;
};

const nasty = (random: Random): number => NASTY[random(NASTY.length + 1)] ?? UNDEFINED_LENGTH;

const MUTATIONS: readonly Mutation[] = [
  (bytes, random) =>
    changed(bytes, (copy) => {
      copy[random(copy.length)] = random(256);
    }),
  (bytes, random) =>
    changed(bytes, (copy) => {
      const at = random(copy.length);
      copy[at] = (copy[at] ?? 0) ^ (1 << random(8));
    }),
  (bytes, random) =>
    changed(bytes, (copy) => {
      if (copy.length >= 4) copy.writeUInt32LE(nasty(random), random(copy.length - 3));
    }),
  (bytes, random) =>
    changed(bytes, (copy) => {
      if (copy.length >= 4) copy.writeUInt32BE(nasty(random), random(copy.length - 3));
    }),
  (bytes, random) =>
    changed(bytes, (copy) => {
      if (copy.length >= 2) copy.writeUInt16BE(nasty(random) & 0xffff, random(copy.length - 1));
    }),
  (bytes, random) => bytes.subarray(0, random(bytes.length + 1)),
  (bytes, random) => {
    const from = random(bytes.length);
    const to = from + random(bytes.length - from);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  (bytes, random) => {
    const from = random(bytes.length);
    const piece = bytes.subarray(from, from + 1 + random(64));
    return Buffer.concat([bytes.subarray(0, from), piece, bytes.subarray(from)]);
  },
  (bytes, random, other) => {
    const at = random(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), other.subarray(random(other.length))]);
  },
  (bytes, _random, other) => Buffer.concat([bytes, other]),
];

/** Longer ones tell nothing new. */
const MAXIMUM_BYTES = 64 * 1024;

/** One of the seeds after one to eight mutations. */
export const mutated = (seeds: readonly Buffer[], random: Random): Buffer => {
  const pick = (): Buffer => seeds[random(seeds.length)] ?? Buffer.alloc(1);
  let bytes = pick();
  for (let count = 1 + random(8); count > 0 && bytes.length > 0; count -= 1) {
    bytes = MUTATIONS[random(MUTATIONS.length)]?.(bytes, random, pick()) ?? bytes;
  }
  return bytes.subarray(0, MAXIMUM_BYTES);
};

/** Pieces as a network might deliver them. */
export const inPieces = (bytes: Buffer, random: Random): Buffer[] => {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = 1 + random(random(4) === 0 ? 4 : bytes.length);
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  return pieces;
};
