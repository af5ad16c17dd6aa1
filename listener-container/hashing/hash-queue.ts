/**
 * What the hashing thread is to do, in order, as the thread of the sockets tells it: pieces, each held until the
 * thread has read it, and the ends of data sets. Whoever is too far ahead of the thread waits.
 */
import { ReadMemory } from '../memory/read-memory.ts';
import { hold, holdWhile, letGo, type Slab, slabOf, SlabPool } from '../memory/slabs.ts';
import {
  NO_SLAB,
  POSITION,
  RECORD_NUMBERS,
  type HashThreadData,
  type ToldSlab,
} from './hash-ring.ts';

/** A power of two. */
const RECORDS = 4096;

/** Pieces that the thread has not read yet, of all data sets. */
const LONGEST_BACKLOG_BYTES = 4 * 1024 * 1024;

/** The thread is woken for so much; waking it for every piece costs as much as a piece. */
const WAKE_BYTES = 128 * 1024;

/** The thread keeps what it was told of; slabs that nobody uses any more are among them sooner or later. */
const MOST_TOLD_SLABS = 512;

/** Slabs for copies that nobody uses. */
const KEPT_COPIES = 2;

/** The thread ended, and with it the hashes that it had begun; later ones are taken without it. */
export class HashThreadLost extends Error {
  override readonly name = 'HashThreadLost';

  constructor() {
    super('the hashing thread has ended');
  }
}

/** A piece that the thread has not read as far as is known here. */
interface Unread {
  /** The record's number. */
  readonly record: number;
  readonly piece: Uint8Array;
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class HashQueue {
  readonly #records = new Uint32Array(
    new SharedArrayBuffer(RECORDS * RECORD_NUMBERS * Uint32Array.BYTES_PER_ELEMENT),
  );
  readonly #positions = new Int32Array(
    new SharedArrayBuffer(POSITION.count * Int32Array.BYTES_PER_ELEMENT),
  );
  /** Records since the beginning, modulo 2³², as in shared memory. */
  #head = 0;
  /** Bytes since the thread was woken. */
  #unannounced = 0;
  #unread: Unread[] = [];
  #unreadBytes = 0;
  readonly #told = new Set<number>();
  #waiting: Waiting[] = [];
  /** Where pieces with memory of their own are copied to, which the thread cannot read. */
  readonly #copies = new ReadMemory(new SlabPool(KEPT_COPIES));
  #ended = false;

  /** The thread's side of it. */
  readonly data: HashThreadData = {
    records: this.#records.buffer,
    positions: this.#positions.buffer,
    position: POSITION,
    kind: NO_SLAB,
  };
  /** Posts a message to the thread; to be set before the first piece. */
  tell: (slab: ToldSlab) => void = () => undefined;

  /**
   * Undefined when there was room for the piece, which is held until the thread has read it. Rejects with
   * HashThreadLost.
   */
  piece(stream: number, piece: Uint8Array): Promise<void> | undefined {
    const full = this.#room();
    if (full !== undefined) {
      return holdWhile(
        piece,
        full.then(() => this.piece(stream, piece)),
      );
    }
    const slab = slabOf(piece);
    if (slab === undefined) return this.#copy(stream, piece);
    hold(piece);
    this.#putPiece(stream, slab, piece);
    return undefined;
  }

  /** The end of a data set. Undefined when there was room for it. Rejects with HashThreadLost. */
  end(
    stream: number,
    kind: typeof NO_SLAB.digest | typeof NO_SLAB.abandon,
  ): Promise<void> | undefined {
    const full = this.#room();
    if (full !== undefined) return full.then(() => this.end(stream, kind));
    this.#put(stream, kind, 0, 0);
    this.#announce();
    return undefined;
  }

  /** The thread has said something: lets go of the pieces that it has read. */
  lookAtTail(): void {
    const tail = Atomics.load(this.#positions, POSITION.tail);
    let read = 0;
    for (const { record, piece } of this.#unread) {
      if (((tail - record) | 0) <= 0) break;
      this.#unreadBytes -= piece.length;
      letGo(piece);
      read += 1;
    }
    if (read > 0) this.#unread.splice(0, read);
  }

  /** The thread has said that there is room. */
  goOn(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { resolve } of waiting) resolve();
  }

  /**
   * The thread has ended. Nobody knows how far it was: the slabs of what it has not read are left to the garbage
   * collector.
   */
  close(): void {
    this.#ended = true;
    this.#unread = [];
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(new HashThreadLost());
  }

  /** Undefined when there is room for a piece and what comes before it. */
  #room(): Promise<void> | undefined {
    if (this.#ended) return Promise.reject(new HashThreadLost());
    if (this.#hasRoom()) return undefined;
    this.lookAtTail();
    if (this.#hasRoom()) return undefined;
    const half = this.#unread[this.#unread.length >> 1];
    const wantedTail = half === undefined ? this.#head : (half.record + 1) | 0;
    Atomics.store(this.#positions, POSITION.wantedTail, wantedTail);
    Atomics.store(this.#positions, POSITION.wanted, 1);
    this.#announce();
    // It may have gone on since it was looked at, and not see the wish any more.
    this.lookAtTail();
    if (this.#hasRoom()) return undefined;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }

  #hasRoom(): boolean {
    const unread = (this.#head - Atomics.load(this.#positions, POSITION.tail)) | 0;
    return unread < RECORDS - 1 && this.#unreadBytes < LONGEST_BACKLOG_BYTES;
  }

  #copy(stream: number, piece: Uint8Array): Promise<void> | undefined {
    const room = this.#copies.room(true);
    const length = Math.min(piece.length, room.length);
    room.set(piece.subarray(0, length));
    const full = this.piece(stream, this.#copies.read(length));
    const rest = piece.subarray(length);
    if (rest.length === 0) return full;
    // It has memory of its own, which nobody has to hold.
    return full === undefined
      ? this.piece(stream, rest)
      : full.then(() => this.piece(stream, rest));
  }

  /** There is room; the piece is in the slab, and held. */
  #putPiece(stream: number, slab: Slab, piece: Uint8Array): void {
    this.#tellOf(slab);
    this.#unread.push({ record: this.#head, piece });
    this.#unreadBytes += piece.length;
    this.#put(stream, slab.id, piece.byteOffset, piece.length);
    this.#unannounced += piece.length;
    if (this.#unannounced >= WAKE_BYTES) this.#announce();
  }

  #tellOf({ id, memory }: Slab): void {
    if (this.#told.has(id)) return;
    if (this.#told.size >= MOST_TOLD_SLABS) {
      this.#told.clear();
      this.#put(0, NO_SLAB.forget, 0, 0);
    }
    this.#told.add(id);
    this.tell([id, memory]);
  }

  #put(stream: number, slab: number, offset: number, length: number): void {
    const at = (this.#head * RECORD_NUMBERS) & (this.#records.length - 1);
    this.#records[at] = stream;
    this.#records[at + 1] = slab;
    this.#records[at + 2] = offset;
    this.#records[at + 3] = length;
    this.#head = (this.#head + 1) | 0;
    Atomics.store(this.#positions, POSITION.head, this.#head);
  }

  #announce(): void {
    this.#unannounced = 0;
    Atomics.notify(this.#positions, POSITION.head);
  }
}
