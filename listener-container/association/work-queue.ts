/**
 * What an association has to do, in order: a chunk that arrives while nothing is under way is worked on at once,
 * any other when what came before has settled. Meanwhile little more is read, so that a slow store slows the
 * sender down and not the memory fills. A peer that has closed its half is answered what it sent before ours is closed.
 */
import type { Socket } from 'node:net';
import { hold, holdWhile, letGo } from '../memory/slabs.ts';

/**
 * What is read while something is under way: enough to see that the peer has closed the connection, since a peer
 * that keeps to one operation at a time sends nothing else meanwhile.
 */
const READ_WHILE_WORKING_BYTES = 64 * 1024;

export class WorkQueue {
  readonly #socket: Socket;
  readonly #onFault: (error: unknown) => void;
  #work: Promise<void> = Promise.resolve();
  /** Pieces of work that have not settled. */
  #unsettled = 0;
  /** Bytes that arrived meanwhile. */
  #waitingBytes = 0;

  /** `onFault` gets what a piece of work throws; the next one is begun all the same. */
  constructor(socket: Socket, onFault: (error: unknown) => void) {
    this.#socket = socket;
    this.#onFault = onFault;
    socket.on('end', () => {
      this.run(() => {
        socket.end();
        return undefined;
      });
    });
  }

  run(task: () => Promise<void> | undefined): void {
    this.#unsettled += 1;
    this.#work = this.#work
      .then(task)
      .catch(this.#onFault)
      .finally(() => {
        this.#unsettled -= 1;
      });
  }

  /**
   * `take` returns undefined when the chunk needed nobody to wait. The chunk is held while it is waited for, or what
   * came before it is.
   */
  arrived(chunk: Buffer, take: (chunk: Buffer) => Promise<void> | undefined): void {
    if (this.#unsettled === 0) {
      const pending = take(chunk);
      if (pending === undefined) return;
      const held = holdWhile(chunk, pending);
      this.run(() => held);
      return;
    }
    hold(chunk);
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes >= READ_WHILE_WORKING_BYTES) this.#socket.pause();
    this.run(() => {
      this.#waitingBytes -= chunk.length;
      if (this.#waitingBytes === 0) this.#socket.resume();
      const pending = take(chunk);
      const held = pending === undefined ? undefined : holdWhile(chunk, pending);
      letGo(chunk);
      return held;
    });
  }
}
