/**
 * A thread that takes the SHA-256 of data sets while the thread of the sockets receives more: it is the largest
 * single cost of an instance. It reads the pieces where they are, in slabs (memory/slabs.ts), and is told of them by
 * hash-queue.ts.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { errorName, type ListenerLog } from '../listener-log.ts';
import { hold, letGo } from '../memory/slabs.ts';
import { watchLoop } from './busy-loop.ts';
import { hashHere, type BeginDataSetHash, type DataSetHash } from './data-set-hash.ts';
import { HashQueue, HashThreadLost } from './hash-queue.ts';
import { NO_SLAB, serveHashes } from './hash-ring.ts';

/**
 * What comes while this thread has time left, or from one association alone, is hashed here while it comes, up to a
 * length: the other thread would have to be woken, to fetch each byte from this one's cache, and to be waited for. Of
 * a longer one this much is hashed twice.
 */
const LONG_BYTES = 1024 * 1024;

/**
 * What is not longer is hashed here also when this thread is busy, when all of it is there: to ask another one costs
 * as much.
 */
const SHORT_BYTES = 192 * 1024;

/** Who sent so many data sets one after the other is alone. */
const ALONE_DATA_SETS = 4;

/** Nor has what is hashed here come in more pieces, each of which is an object. */
const SHORT_PIECES = 128;

interface Question {
  readonly resolve: (digest: string) => void;
  readonly reject: (error: Error) => void;
}

export class HashThread {
  readonly #worker: Worker;
  readonly #isBusy: () => boolean;
  readonly #queue = new HashQueue();
  #streams = 0;
  /** Of the last data sets, the last one first. */
  #sources: readonly string[] = [];
  #lost = false;
  readonly #asked = new Map<number, Question>();

  /** `isBusy`: whether the thread that calls has no time left. */
  constructor(log: ListenerLog, isBusy = watchLoop()) {
    this.#isBusy = isBusy;
    // As text, so that the listener stays one file when it is bundled.
    this.#worker = new Worker(`(${serveHashes.toString()})()`, {
      eval: true,
      workerData: this.#queue.data,
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1 },
    });
    this.#queue.tell = this.#worker.postMessage.bind(this.#worker);
    this.#worker.unref();
    this.#worker.on('message', (message: readonly [stream: number, digest: string] | 'room') => {
      this.#queue.lookAtTail();
      if (message === 'room') this.#queue.goOn();
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

  /** The digest of a short one is a value, of a long one a promise, which rejects with HashThreadLost. */
  begin(source: string): DataSetHash {
    const isAlone = this.#isAlone(source);
    const here = isAlone || !this.#isBusy() ? hashHere(source) : undefined;
    let kept: Buffer[] = [];
    let keptBytes = 0;
    let stream: number | undefined;
    let ended = false;
    const takeKept = (): Buffer[] => {
      const taken = kept;
      kept = [];
      return taken;
    };
    /** Undefined when all of them were taken at once. */
    const queueAll = (number: number, pieces: readonly Buffer[]): Promise<void> | undefined => {
      for (const [index, piece] of pieces.entries()) {
        const full = ended ? undefined : this.#queue.piece(number, piece);
        if (full !== undefined) {
          return full.then(() => {
            letGo(piece);
            return queueAll(number, pieces.slice(index + 1));
          });
        }
        letGo(piece);
      }
      return undefined;
    };
    return {
      update: (piece) => {
        if (piece.length === 0 || ended) return undefined;
        if (stream !== undefined) return this.#queue.piece(stream, piece);
        void here?.update(piece);
        hold(piece);
        kept.push(piece);
        keptBytes += piece.length;
        const most = here === undefined ? SHORT_BYTES : LONG_BYTES;
        if (keptBytes <= most && kept.length <= SHORT_PIECES) return undefined;
        this.#streams = (this.#streams + 1) >>> 0;
        stream = this.#streams;
        return queueAll(stream, takeKept());
      },
      digest: () => {
        ended = true;
        if (stream !== undefined) return this.#digest(stream);
        const hash = here ?? hashHere(source);
        for (const piece of takeKept()) {
          if (here === undefined) void hash.update(piece);
          letGo(piece);
        }
        return hash.digest();
      },
      close: () => {
        for (const piece of takeKept()) letGo(piece);
        if (stream === undefined || ended) return;
        ended = true;
        this.#queue.end(stream, NO_SLAB.abandon)?.catch(() => undefined);
      },
    };
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #isAlone(source: string): boolean {
    const isAlone = this.#sources.every((other) => other === source);
    this.#sources = [source, ...this.#sources.slice(0, ALONE_DATA_SETS - 1)];
    return isAlone;
  }

  async #digest(stream: number): Promise<string> {
    await this.#queue.end(stream, NO_SLAB.digest);
    return new Promise((resolve, reject) => {
      if (this.#lost) reject(new HashThreadLost());
      else this.#asked.set(stream, { resolve, reject });
    });
  }

  #answered(stream: number, digest: string): void {
    this.#asked.get(stream)?.resolve(digest);
    this.#asked.delete(stream);
  }

  #end(): void {
    this.#lost = true;
    this.#queue.close();
    for (const { reject } of this.#asked.values()) reject(new HashThreadLost());
    this.#asked.clear();
  }
}

/** By a thread of its own, where there is a processor for it; else, and when it is lost, in this one. */
export const openHashing = (
  log: ListenerLog,
): { readonly begin: BeginDataSetHash; readonly close: () => Promise<void> } => {
  if (availableParallelism() < 2) return { begin: hashHere, close: () => Promise.resolve() };
  const thread = new HashThread(log);
  return {
    begin: (source) => (thread.lost ? hashHere(source) : thread.begin(source)),
    close: () => thread.close(),
  };
};
