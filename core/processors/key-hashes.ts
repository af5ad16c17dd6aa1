/**
 * A set of object keys that takes 8 bytes of memory for each, whatever its length: of a key its hash of 64 bits.
 * Filled first, then sorted once, then asked; it remembers which of its members were asked for.
 */
import { createHash } from 'node:crypto';

const FIRST_CAPACITY = 1024;
const HASH_BYTES = 8;

/** Two of ten million keys have the same hash with a probability of one to 370,000. */
const hashOf = (key: string): bigint =>
  createHash('sha256').update(key, 'utf8').digest().subarray(0, HASH_BYTES).readBigUInt64BE();

export class KeyHashes {
  #hashes = new BigUint64Array(FIRST_CAPACITY);
  #seen: Uint8Array = new Uint8Array(0);
  #size = 0;
  #seenCount = 0;

  /** How many were added, a key that was added twice counting twice. */
  get size(): number {
    return this.#size;
  }

  add(key: string): void {
    if (this.#size === this.#hashes.length) {
      const larger = new BigUint64Array(2 * this.#hashes.length);
      larger.set(this.#hashes);
      this.#hashes = larger;
    }
    this.#hashes[this.#size] = hashOf(key);
    this.#size += 1;
  }

  /** After the last {@link add}, before the first question. */
  sort(): void {
    this.#hashes.subarray(0, this.#size).sort();
    this.#seen = new Uint8Array(this.#size);
  }

  /** True when the key was added; from then on it is seen. */
  see(key: string): boolean {
    const place = this.#placeOf(hashOf(key));
    if (place === undefined) return false;
    if (this.#seen[place] === 0) this.#seenCount += 1;
    this.#seen[place] = 1;
    return true;
  }

  /** Whether a key that was added was never seen. */
  isUnseen(key: string): boolean {
    const place = this.#placeOf(hashOf(key));
    return place !== undefined && this.#seen[place] === 0;
  }

  /** False when every key that was added has been seen; of keys that were added twice it may be true. */
  get hasUnseen(): boolean {
    return this.#seenCount < this.#size;
  }

  /** The first place of the hash. */
  #placeOf(hash: bigint): number | undefined {
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#hashes[middle] ?? 0n) < hash) low = middle + 1;
      else high = middle;
    }
    return low < this.#size && this.#hashes[low] === hash ? low : undefined;
  }
}
