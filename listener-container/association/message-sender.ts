/** Sends messages of this side in PDUs that the peer takes, no faster than it reads them. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { encodeCommandSet, type CommandSet } from '../../core/dimse/command-set.ts';
import type { AssociationMachine } from '../../core/upper-layer/association-machine.ts';
import { toDataTransfers } from '../../core/upper-layer/fragmentation.ts';
import { EVENT } from '../../core/upper-layer/state-machine.ts';
import type { IdleTimer } from './idle-timer.ts';

export class MessageSender {
  readonly #socket: Socket;
  readonly #machine: AssociationMachine;
  readonly #idle: IdleTimer;
  /** What the peer told as its maximum length; 0 is any. */
  maximumLength = 0;

  constructor(socket: Socket, machine: AssociationMachine, idle: IdleTimer) {
    this.#socket = socket;
    this.#machine = machine;
    this.#idle = idle;
  }

  /** Resolves when the network has taken it, or the connection is closed. */
  async send(contextId: number, command: CommandSet, dataSet?: Buffer): Promise<void> {
    const parts = [encodeCommandSet(command), ...(dataSet === undefined ? [] : [dataSet])];
    for (const [index, data] of parts.entries()) {
      const message = { contextId, command: index === 0, data, last: true };
      for (const pdu of toDataTransfers(message, this.maximumLength)) {
        this.#machine.dispatch({ event: EVENT.dataPrimitive, pdu });
      }
    }
    if (!this.#socket.writableNeedDrain || this.#socket.destroyed) return;
    // The peer does not read its answers: that is its time, not ours.
    this.#idle.waitForPeer();
    const settled = new AbortController();
    await Promise.race([
      once(this.#socket, 'drain', { signal: settled.signal }).catch(() => undefined),
      once(this.#socket, 'close', { signal: settled.signal }).catch(() => undefined),
    ]);
    settled.abort();
    this.#idle.pause();
  }
}
