/**
 * A peer that sends whatever bytes a test wants, and shows the PDUs that come back. It keeps to no state
 * machine: that is what it is for.
 */
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import {
  decodeCommandSet,
  encodeCommandSet,
  type CommandSet,
} from '../../core/dimse/command-set.ts';
import { encodePdu } from '../../core/upper-layer/pdu-codec.ts';
import { PduDecoder, type Incoming } from '../../core/upper-layer/pdu-decoder.ts';
import type { AssociateRequest, Pdu } from '../../core/upper-layer/pdu.ts';

export const VERIFICATION = '1.2.840.10008.1.1';
export const CT_IMAGE_STORAGE = '1.2.840.10008.5.1.4.1.1.2';
export const IMPLICIT_LITTLE = '1.2.840.10008.1.2';
export const EXPLICIT_LITTLE = '1.2.840.10008.1.2.1';

export const ECHO_CONTEXT = 1;
export const STORE_CONTEXT = 3;

export const anAssociateRequest = (changes: Partial<AssociateRequest> = {}): AssociateRequest => ({
  type: 'associate-request',
  protocolVersion: 1,
  calledAeTitle: 'GANTRY',
  callingAeTitle: 'PEER',
  applicationContext: '1.2.840.10008.3.1.1.1',
  contexts: [
    { id: ECHO_CONTEXT, abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT_LITTLE] },
    {
      id: STORE_CONTEXT,
      abstractSyntax: CT_IMAGE_STORAGE,
      transferSyntaxes: [EXPLICIT_LITTLE, IMPLICIT_LITTLE],
    },
  ],
  userInformation: {
    maximumLength: 16384,
    implementationClassUid: '1.2.3',
    roles: [],
    extended: [],
    commonExtended: [],
  },
  ...changes,
});

export class RawPeer {
  readonly socket: Socket;
  readonly #decoder = new PduDecoder(1024 * 1024);
  readonly #received: Incoming[] = [];
  #wake: (() => void) | undefined;
  #closed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received.push(...this.#decoder.push(chunk));
      this.#wake?.();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#closed = true;
      this.#wake?.();
    });
  }

  static async connect(port: number): Promise<RawPeer> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    onTestFinished(() => {
      socket.destroy();
    });
    return new RawPeer(socket);
  }

  /** Connected and with an accepted association. */
  static async associated(port: number, changes: Partial<AssociateRequest> = {}): Promise<RawPeer> {
    const peer = await RawPeer.connect(port);
    peer.send(anAssociateRequest(changes));
    const answer = await peer.next();
    if (answer?.type !== 'associate-accept') throw new Error('the association was not accepted');
    return peer;
  }

  send(...pdus: readonly Pdu[]): void {
    this.socket.write(Buffer.concat(pdus.map((pdu) => encodePdu(pdu))));
  }

  sendCommand(contextId: number, command: CommandSet): void {
    const data = encodeCommandSet(command);
    this.send({
      type: 'data-transfer',
      values: [{ contextId, command: true, last: true, data }],
    });
  }

  sendData(contextId: number, data: Buffer, last: boolean): void {
    this.send({ type: 'data-transfer', values: [{ contextId, command: false, last, data }] });
  }

  /** The next PDU or fragment; undefined when the connection was closed instead. */
  async next(): Promise<Incoming | undefined> {
    for (;;) {
      const next = this.#received.shift();
      if (next !== undefined) return next;
      if (this.#closed) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The command set of the next fragments. */
  async nextCommand(): Promise<CommandSet> {
    const fragments: Buffer[] = [];
    for (;;) {
      const next = await this.next();
      if (next?.type !== 'fragment') throw new Error(`no command but ${next?.type ?? 'the end'}`);
      fragments.push(next.data);
      if (next.last) return decodeCommandSet(Buffer.concat(fragments));
    }
  }
}

export const anEcho = (messageId = 1): CommandSet => ({
  AffectedSOPClassUID: VERIFICATION,
  CommandField: 0x0030,
  MessageID: messageId,
  CommandDataSetType: 0x0101,
});

export const aStore = (changes: Partial<CommandSet> = {}): CommandSet => ({
  AffectedSOPClassUID: CT_IMAGE_STORAGE,
  CommandField: 0x0001,
  MessageID: 1,
  Priority: 0,
  CommandDataSetType: 0x0000,
  AffectedSOPInstanceUID: '1.2.3.4',
  ...changes,
});
