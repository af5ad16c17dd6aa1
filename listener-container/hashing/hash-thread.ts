/**
 * A thread that takes the SHA-256 of long data sets while the thread of the sockets receives more of them: it is the
 * largest single cost of an instance. Pieces are copied into a ring in shared memory, in the order in which they come;
 * when the ring is full, whoever has more waits, and so do the sockets.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { errorName, type ListenerLog } from '../listener-log.ts';
import { hashHere, type BeginDataSetHash, type DataSetHash } from './data-set-hash.ts';
import { NO_PIECE, POSITION, serveHashes, type HashThreadData } from './hash-ring.ts';

/** A power of two; more than is under way between two threads that are equally fast. */
const RING_BYTES = 1024 * 1024;

/** A longer piece becomes several records. */
const LONGEST_RECORD_BYTES = 64 * 1024;

/** The thread is woken for so much; waking it for every piece costs as much as half a piece. */
const WAKE_BYTES = 128 * 1024;

/**
 * What is not longer is hashed here: another thread has to be woken and asked for it, which costs more than it takes
 * away when many short ones come. Of a longer one this much is hashed twice.
 */
const SHORT_BYTES = 1024 * 1024;
/** And has not come in more pieces, each of which holds a buffer of a socket. */
const SHORT_PIECES = 32;

const HEADER_BYTES = 8;
const recordBytes = (length: number): number => HEADER_BYTES + ((length + 7) & ~7);

/** The thread ended, and with it the hashes that it had begun; later ones are taken without it. */
export class HashThreadLost extends Error {
  override readonly name = 'HashThreadLost';
}

interface Question {
  readonly resolve: (digest: string) => void;
  readonly reject: (error: Error) => void;
}

export class HashThread {
  readonly #worker: Worker;
  readonly #ring = Buffer.from(new SharedArrayBuffer(RING_BYTES));
  readonly #positions = new Int32Array(
    new SharedArrayBuffer(POSITION.count * Int32Array.BYTES_PER_ELEMENT),
  );
  /** Byte counts since the beginning, modulo 2³², as in shared memory. */
  #head = 0;
  #unannounced = 0;
  #streams = 0;
  #lost = false;
  readonly #asked = new Map<number, Question>();
  #waiting: Question[] = [];

  constructor(log: ListenerLog) {
    const data: HashThreadData = {
      ring: this.#ring.buffer,
      positions: this.#positions.buffer,
      position: POSITION,
      kind: NO_PIECE,
    };
    // As text, so that the listener stays one file when it is bundled.
    this.#worker = new Worker(`(${serveHashes.toString()})()`, {
      eval: true,
      workerData: data,
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1 },
    });
    this.#worker.unref();
    this.#worker.on('message', (message: readonly [stream: number, digest: string] | 'room') => {
      if (message === 'room') this.#goOn();
      else this.#answered(...message);
    });
    this.#worker.on('error', (error) => {
      log.error('the hashing thread failed; hashes are taken without it', {
        problem: errorName(error),
      });
    });
    this.#worker.on('exit', () => {
      this.#end();
    });
  }

  /** Whether it has ended. */
  get lost(): boolean {
    return this.#lost;
  }

  begin(): DataSetHash {
    const here = hashHere();
    let held: Buffer[] = [];
    let heldBytes = 0;
    let stream: number | undefined;
    let ended = false;
    const start = (): Promise<void> | undefined => {
      this.#streams = (this.#streams + 1) >>> 0;
      stream = this.#streams;
      const pieces = held;
      held = [];
      return this.#writeAll(stream, pieces);
    };
    return {
      update: (piece) => {
        if (stream !== undefined) return this.#write(stream, piece);
        void here.update(piece);
        held.push(piece);
        heldBytes += piece.length;
        return heldBytes > SHORT_BYTES || held.length > SHORT_PIECES ? start() : undefined;
      },
      digest: () => {
        ended = true;
        return stream === undefined ? here.digest() : this.#digest(stream);
      },
      close: () => {
        held = [];
        if (stream === undefined || ended) return;
        ended = true;
        this.#record(stream, NO_PIECE.abandon)?.catch(() => undefined);
      },
    };
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  async #digest(stream: number): Promise<string> {
    await this.#record(stream, NO_PIECE.digest);
    return new Promise((resolve, reject) => {
      if (this.#lost) reject(new HashThreadLost('the hashing thread has ended'));
      else this.#asked.set(stream, { resolve, reject });
    });
  }

  #answered(stream: number, digest: string): void {
    this.#asked.get(stream)?.resolve(digest);
    this.#asked.delete(stream);
  }

  #writeAll(stream: number, pieces: readonly Buffer[]): Promise<void> | undefined {
    for (const [index, piece] of pieces.entries()) {
      const full = this.#write(stream, piece);
      if (full !== undefined) {
        return full.then(() => this.#writeAll(stream, pieces.slice(index + 1)));
      }
    }
    return undefined;
  }

  #write(stream: number, piece: Buffer): Promise<void> | undefined {
    const length = Math.min(piece.length, LONGEST_RECORD_BYTES);
    if (length === 0) return undefined;
    const full = this.#reserve(length);
    if (full !== undefined) return full.then(() => this.#write(stream, piece));
    this.#put(stream, length, piece.subarray(0, length));
    return this.#write(stream, piece.subarray(length));
  }

  #record(stream: number, kind: number): Promise<void> | undefined {
    const full = this.#reserve(0);
    if (full !== undefined) return full.then(() => this.#record(stream, kind));
    this.#put(stream, kind, undefined);
    return undefined;
  }

  /** Undefined when there is room at the head for a record of so many bytes. */
  #reserve(length: number): Promise<void> | undefined {
    if (this.#lost) return Promise.reject(new HashThreadLost('the hashing thread has ended'));
    const bytes = recordBytes(length);
    const toEnd = RING_BYTES - (this.#head & (RING_BYTES - 1));
    const skipped = toEnd < bytes ? toEnd : 0;
    if (this.#free() < skipped + bytes) {
      this.#announce();
      Atomics.store(this.#positions, POSITION.wanted, 1);
      // It may have gone on since it was looked at, and not see the wish any more.
      if (this.#free() < skipped + bytes) {
        return new Promise((resolve, reject) => {
          this.#waiting.push({
            resolve: () => {
              resolve();
            },
            reject,
          });
        });
      }
    }
    if (skipped > 0) this.#put(0, NO_PIECE.skip, undefined, skipped);
    return undefined;
  }

  #free(): number {
    return RING_BYTES - ((this.#head - Atomics.load(this.#positions, POSITION.tail)) >>> 0);
  }

  #put(stream: number, kind: number, piece: Buffer | undefined, bytes?: number): void {
    const at = this.#head & (RING_BYTES - 1);
    this.#ring.writeUInt32LE(stream, at);
    this.#ring.writeUInt32LE(kind, at + 4);
    if (piece !== undefined) this.#ring.set(piece, at + HEADER_BYTES);
    const taken = bytes ?? recordBytes(piece?.length ?? 0);
    this.#head = (this.#head + taken) | 0;
    Atomics.store(this.#positions, POSITION.head, this.#head);
    this.#unannounced += taken;
    if (kind === NO_PIECE.digest || this.#unannounced >= WAKE_BYTES) this.#announce();
  }

  #announce(): void {
    this.#unannounced = 0;
    Atomics.notify(this.#positions, POSITION.head);
  }

  #goOn(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { resolve } of waiting) resolve('');
  }

  #end(): void {
    this.#lost = true;
    const questions = [...this.#asked.values(), ...this.#waiting];
    this.#asked.clear();
    this.#waiting = [];
    for (const { reject } of questions) reject(new HashThreadLost('the hashing thread has ended'));
  }
}

/** Of long data sets by a thread of its own, where there is a processor for it; else, and when it is lost, in this one. */
export const openHashing = (
  log: ListenerLog,
): { readonly begin: BeginDataSetHash; readonly close: () => Promise<void> } => {
  if (availableParallelism() < 2) return { begin: hashHere, close: () => Promise.resolve() };
  const thread = new HashThread(log);
  return {
    begin: () => (thread.lost ? hashHere() : thread.begin()),
    close: () => thread.close(),
  };
};
