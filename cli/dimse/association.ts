/**
 * The requestor's side of an association over TCP: opens it, sends one request at a time and waits for its
 * response, releases it. The state machine and the codecs are those of the listener; here is the socket.
 */
import type { Socket } from 'node:net';
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from '../../core/dicom/uid.ts';
import { encodeCommandSet, type CommandSet } from '../../core/dimse/command-set.ts';
import { MessageReader } from '../../core/dimse/message-reader.ts';
import {
  AssociationMachine,
  occurrenceOf,
  type ProviderAbort,
} from '../../core/upper-layer/association-machine.ts';
import {
  OWN_MAXIMUM_LENGTH,
  fragmentLength,
  toDataTransfers,
  type Message,
} from '../../core/upper-layer/fragmentation.ts';
import type { AcceptedContext } from '../../core/upper-layer/negotiation.ts';
import { encodePdu } from '../../core/upper-layer/pdu-codec.ts';
import { PduDecoder, type Incoming } from '../../core/upper-layer/pdu-decoder.ts';
import {
  CONTEXT_RESULT,
  DICOM_APPLICATION_CONTEXT,
  PROTOCOL_VERSION,
  type AssociateAccept,
  type AssociateRequest,
  type ProposedContext,
} from '../../core/upper-layer/pdu.ts';
import { ABORT_REASON, ProtocolViolation } from '../../core/upper-layer/protocol-violation.ts';
import { describeRejection } from '../../core/upper-layer/reject.ts';
import { EVENT } from '../../core/upper-layer/state-machine.ts';
import { AssociationFailed, type AssociationEnd } from './association-failed.ts';
import { Inbox } from './inbox.ts';
import { openSocket, type PeerAddress } from './peer-socket.ts';

export interface AssociationOptions extends PeerAddress {
  readonly calledAe: string;
  readonly callingAe: string;
  /** One to 128; ids are given in this order. */
  readonly contexts: readonly Omit<ProposedContext, 'id'>[];
  /** For the connection and for each answer of the peer, in milliseconds. */
  readonly timeoutMs: number;
}

/** What the waiting side gets. */
type Answer =
  | { readonly type: 'accepted'; readonly accept: AssociateAccept }
  | { readonly type: 'response'; readonly command: CommandSet }
  | { readonly type: 'released' };

/** How long a peer that was aborted may take to close. */
const ARTIM_MS = 2000;

export class RequestorAssociation {
  readonly #socket: Socket;
  readonly #machine: AssociationMachine;
  readonly #decoder = new PduDecoder(OWN_MAXIMUM_LENGTH);
  readonly #reader = new MessageReader();
  readonly #where: string;
  readonly #answers: Inbox<Answer>;
  readonly #drains: Inbox<'drained'>;
  #failure: AssociationFailed | undefined;
  #connected = false;
  #artim: NodeJS.Timeout | undefined;
  #messageId = 0;
  #peerMaximumLength = 0;
  #contexts: readonly AcceptedContext[] = [];

  private constructor(options: AssociationOptions) {
    this.#where = `${options.host}:${String(options.port)}`;
    const onTimeout = () => {
      const seconds = String(options.timeoutMs / 1000);
      this.#fail('timed-out', `${this.#where} did not answer within ${seconds} s`);
      this.abort();
      if (!this.#connected) this.#socket.destroy();
    };
    this.#answers = new Inbox(options.timeoutMs, onTimeout);
    this.#drains = new Inbox(options.timeoutMs, onTimeout);
    this.#socket = openSocket(options);
    this.#machine = new AssociationMachine('requestor', {
      // The socket connects by being made; AE-1 has nothing left to do.
      connect: () => undefined,
      close: () => this.#socket.destroy(),
      send: (pdu) => {
        if (this.#socket.writable) this.#socket.write(encodePdu(pdu));
      },
      startArtim: () => {
        clearTimeout(this.#artim);
        this.#artim = setTimeout(() => {
          this.#machine.dispatch({ event: EVENT.artimExpired });
        }, ARTIM_MS);
      },
      stopArtim: () => {
        clearTimeout(this.#artim);
      },
      indicate: (indication) => {
        this.#indicated(indication);
      },
      refuse: () => undefined,
    });
    this.#listen(options.tls === undefined ? 'connect' : 'secureConnect');
  }

  /** Resolves when the peer has accepted. Throws AssociationFailed. */
  static async open(options: AssociationOptions): Promise<RequestorAssociation> {
    const association = new RequestorAssociation(options);
    const contexts = options.contexts.map((context, index) => ({ ...context, id: 2 * index + 1 }));
    const request: AssociateRequest = {
      type: 'associate-request',
      protocolVersion: PROTOCOL_VERSION,
      calledAeTitle: options.calledAe,
      callingAeTitle: options.callingAe,
      applicationContext: DICOM_APPLICATION_CONTEXT,
      contexts,
      userInformation: {
        maximumLength: OWN_MAXIMUM_LENGTH,
        implementationClassUid: IMPLEMENTATION_CLASS_UID,
        implementationVersionName: IMPLEMENTATION_VERSION_NAME,
        roles: [],
        extended: [],
        commonExtended: [],
      },
    };
    association.#machine.dispatch({ event: EVENT.associateRequestPrimitive, request });
    const answer = await association.#answers.next();
    if (answer.type !== 'accepted') throw association.#fail('protocol', 'answered out of turn');
    association.#accepted(answer.accept, contexts);
    return association;
  }

  /** What the peer accepted of what was proposed. */
  get contexts(): readonly AcceptedContext[] {
    return this.#contexts;
  }

  /** The data set's pieces should have this length: one P-DATA-TF each. */
  get pieceLength(): number {
    return fragmentLength(this.#peerMaximumLength);
  }

  /** 1 to 65535, and again. */
  nextMessageId(): number {
    this.#messageId = (this.#messageId % 0xffff) + 1;
    return this.#messageId;
  }

  /** Sends a request, with a data set if there is one, and returns the response. Throws AssociationFailed. */
  async request(
    contextId: number,
    command: CommandSet,
    dataSet?: { readonly length: number; readonly pieces: AsyncIterable<Buffer> },
  ): Promise<CommandSet> {
    const data = encodeCommandSet(command);
    await this.#send({ contextId, command: true, data, last: true });
    if (dataSet !== undefined) {
      let sent = 0;
      for await (const piece of dataSet.pieces) {
        sent += piece.length;
        const last = sent === dataSet.length;
        await this.#send({ contextId, command: false, data: piece, last });
      }
    }
    const answer = await this.#answers.next();
    const isOurs =
      answer.type === 'response' && answer.command.MessageIDBeingRespondedTo === command.MessageID;
    if (isOurs) return answer.command;
    this.abort();
    throw this.#fail('protocol', `${this.#where} sent a response that belongs to no request`);
  }

  /** Throws AssociationFailed if the peer does not answer. */
  async release(): Promise<void> {
    this.#machine.dispatch({ event: EVENT.releaseRequestPrimitive });
    await this.#answers.next();
  }

  abort(): void {
    this.#machine.dispatch({ event: EVENT.abortPrimitive });
  }

  #listen(connected: 'connect' | 'secureConnect'): void {
    const socket = this.#socket;
    let reached = false;
    socket.on('connect', () => {
      reached = true;
    });
    socket.on(connected, () => {
      this.#connected = true;
      this.#machine.dispatch({ event: EVENT.transportConnected });
    });
    socket.on('data', (chunk: Buffer) => {
      this.#take(chunk);
    });
    socket.on('drain', () => {
      if (this.#drains.awaited) this.#drains.put('drained');
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const why = error.code ?? error.message;
      if (this.#connected) this.#fail('connection-lost', `the connection broke (${why})`);
      else if (reached) {
        this.#fail('handshake-failed', `the TLS handshake with ${this.#where} failed (${why})`);
      } else this.#fail('not-connected', `nobody answers at ${this.#where} (${why})`);
    });
    socket.on('close', () => {
      clearTimeout(this.#artim);
      this.#machine.dispatch({ event: EVENT.transportClosed });
      this.#fail('connection-lost', `${this.#where} closed the connection`);
    });
  }

  #take(chunk: Buffer): void {
    if (this.#failure !== undefined) return;
    try {
      for (const incoming of this.#decoder.push(chunk)) {
        this.#machine.dispatch(occurrenceOf(incoming));
      }
    } catch (error) {
      const reason =
        error instanceof ProtocolViolation ? error.facts.reason : ABORT_REASON.notSpecified;
      const why = error instanceof Error ? error.message : 'unreadable';
      this.#fail('protocol', `${this.#where} does not speak DICOM as it should: ${why}`);
      this.#machine.dispatch({ event: EVENT.invalidPduReceived, reason });
    }
  }

  #indicated(indication: Incoming | ProviderAbort): void {
    switch (indication.type) {
      case 'associate-accept':
        this.#answers.put({ type: 'accepted', accept: indication });
        break;
      case 'associate-reject':
        this.#fail('rejected', `${this.#where} ${describeRejection(indication)}`);
        break;
      case 'fragment': {
        const part = this.#reader.read(indication);
        if (part?.kind === 'command')
          this.#answers.put({ type: 'response', command: part.command });
        break;
      }
      case 'release-response':
        this.#answers.put({ type: 'released' });
        break;
      case 'release-request':
        this.#fail('aborted', `${this.#where} released the association before it was done with`);
        this.#machine.dispatch({ event: EVENT.releaseResponsePrimitive });
        break;
      case 'abort':
        this.#fail('aborted', `${this.#where} aborted the association`);
        break;
      case 'provider-abort':
        this.#fail('connection-lost', `the association with ${this.#where} was lost`);
        break;
      case 'associate-request':
        break;
    }
  }

  #accepted(accept: AssociateAccept, proposed: readonly ProposedContext[]): void {
    this.#peerMaximumLength = accept.userInformation.maximumLength;
    const abstractSyntaxes = new Map(
      proposed.map(({ id, abstractSyntax }) => [id, abstractSyntax]),
    );
    this.#contexts = accept.contexts.flatMap(({ id, result, transferSyntax }) => {
      const abstractSyntax = abstractSyntaxes.get(id);
      return result === CONTEXT_RESULT.acceptance && abstractSyntax !== undefined
        ? [{ id, abstractSyntax, transferSyntax }]
        : [];
    });
  }

  async #send(message: Message): Promise<void> {
    for (const pdu of toDataTransfers(message, this.#peerMaximumLength)) {
      if (this.#failure !== undefined) throw this.#failure;
      this.#machine.dispatch({ event: EVENT.dataPrimitive, pdu });
      if (this.#socket.writableNeedDrain) await this.#drains.next();
    }
  }

  /** Keeps the first failure, tells whoever waits, and returns it. */
  #fail(end: AssociationEnd, message: string): AssociationFailed {
    this.#failure ??= new AssociationFailed(end, message);
    this.#answers.fail(this.#failure);
    this.#drains.fail(this.#failure);
    return this.#failure;
  }
}

/** Opens an association. Throws AssociationFailed. */
export const openAssociation = (options: AssociationOptions): Promise<RequestorAssociation> =>
  RequestorAssociation.open(options);
