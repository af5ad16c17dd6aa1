/**
 * Fragments → messages (PS3.7 section 6.3, PS3.8 annex E): a command set is collected within a bound and
 * decoded, the data set that follows it is passed on piece by piece. Order is checked: a data set belongs to
 * the command before it and to that command's presentation context.
 */
import type { PresentationDataValue } from '../upper-layer/pdu.ts';
import { decodeCommandSet, type CommandSet } from './command-set.ts';
import { hasDataSet } from './messages.ts';

/** A command set has about twenty short elements: 64 KiB is beyond any honest one. */
const MAXIMUM_COMMAND_LENGTH = 64 * 1024;

/** Fragments that do not make a message; the association is not worth continuing. */
export class MessageFault extends Error {
  override readonly name = 'MessageFault';
}

export type MessagePart =
  | { readonly kind: 'command'; readonly contextId: number; readonly command: CommandSet }
  | { readonly kind: 'data'; readonly data: Buffer; readonly last: boolean };

export class MessageReader {
  #fragments: Buffer[] = [];
  #collected = 0;
  /** Of the message that is being read. */
  #contextId: number | undefined;
  #awaitingData = false;

  /** True between messages. */
  get idle(): boolean {
    return this.#contextId === undefined;
  }

  /** Undefined while a command set is incomplete. Throws MessageFault or CommandSetFault. */
  read(fragment: PresentationDataValue): MessagePart | undefined {
    const { contextId, command, last, data } = fragment;
    if (this.#contextId !== undefined && contextId !== this.#contextId) {
      throw new MessageFault('a fragment of another presentation context is in the message');
    }
    if (command === this.#awaitingData) {
      throw new MessageFault(
        command ? 'a command begins within a data set' : 'a data set comes without a command',
      );
    }
    if (!command) {
      if (last) this.#reset();
      return { kind: 'data', data, last };
    }
    this.#contextId = contextId;
    this.#collected += data.length;
    if (this.#collected > MAXIMUM_COMMAND_LENGTH) {
      throw new MessageFault(`a command set is longer than ${MAXIMUM_COMMAND_LENGTH} bytes`);
    }
    if (!last) {
      // A copy: the memory is that of a chunk, which the rest may not come in.
      this.#fragments.push(Buffer.from(data));
      return undefined;
    }
    const decoded = decodeCommandSet(Buffer.concat([...this.#fragments, data]));
    this.#fragments = [];
    this.#collected = 0;
    if (hasDataSet(decoded)) this.#awaitingData = true;
    else this.#reset();
    return { kind: 'command', contextId, command: decoded };
  }

  #reset(): void {
    this.#contextId = undefined;
    this.#awaitingData = false;
  }
}
