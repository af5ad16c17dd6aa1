/**
 * The one interpreter of the state table: takes events, carries out the actions of PS3.8 table 9-10 through
 * the ports it is given, and knows the state. Acceptors (the listener) and requestors (a sender) drive the
 * same machine; sockets and timers are theirs.
 */
import type {
  Abort,
  AssociateReject,
  AssociateRequest,
  ControlPdu,
  DataTransfer,
  Pdu,
} from './pdu.ts';
import type { AssociateAccept } from './pdu.ts';
import type { Incoming } from './pdu-decoder.ts';
import { ABORT_REASON, ABORT_SOURCE, type AbortReason } from './protocol-violation.ts';
import {
  ACTIONS,
  EVENT,
  STATE,
  TRANSITIONS,
  type Action,
  type ActionName,
  type Effect,
  type State,
} from './state-machine.ts';

/** An event with what it brings. */
export type Occurrence =
  | { readonly event: typeof EVENT.associateRequestPrimitive; readonly request: AssociateRequest }
  | { readonly event: typeof EVENT.acceptPrimitive; readonly pdu: AssociateAccept }
  | { readonly event: typeof EVENT.rejectPrimitive; readonly pdu: AssociateReject }
  | { readonly event: typeof EVENT.dataPrimitive; readonly pdu: DataTransfer }
  | { readonly event: ReceivedEvent; readonly received: Incoming }
  | { readonly event: typeof EVENT.invalidPduReceived; readonly reason: AbortReason }
  | { readonly event: PlainEvent };

type PlainEvent =
  | typeof EVENT.transportConnected
  | typeof EVENT.transportAccepted
  | typeof EVENT.releaseRequestPrimitive
  | typeof EVENT.releaseResponsePrimitive
  | typeof EVENT.abortPrimitive
  | typeof EVENT.transportClosed
  | typeof EVENT.artimExpired;

type ReceivedEvent =
  | typeof EVENT.associateAcceptReceived
  | typeof EVENT.associateRejectReceived
  | typeof EVENT.associateRequestReceived
  | typeof EVENT.dataReceived
  | typeof EVENT.releaseRequestReceived
  | typeof EVENT.releaseResponseReceived
  | typeof EVENT.abortReceived;

const EVENT_OF_PDU: Readonly<Record<ControlPdu['type'] | 'fragment', ReceivedEvent>> = {
  'associate-request': EVENT.associateRequestReceived,
  'associate-accept': EVENT.associateAcceptReceived,
  'associate-reject': EVENT.associateRejectReceived,
  'release-request': EVENT.releaseRequestReceived,
  'release-response': EVENT.releaseResponseReceived,
  abort: EVENT.abortReceived,
  fragment: EVENT.dataReceived,
};

/** The event that a received PDU, or a piece of P-DATA-TF, is. */
export const occurrenceOf = (received: Incoming): Occurrence => ({
  event: EVENT_OF_PDU[received.type],
  received,
});

/** A-P-ABORT as told to the user: this side aborted, or the connection is gone. */
export interface ProviderAbort {
  readonly type: 'provider-abort';
  readonly cause: 'violation' | 'connection-lost';
  readonly reason: AbortReason;
}

export interface AssociationPorts {
  connect(): void;
  close(): void;
  send(pdu: Pdu): void;
  startArtim(): void;
  stopArtim(): void;
  /** An indication or confirmation primitive, in the shape of the PDU that it came with. */
  indicate(indication: Incoming | ProviderAbort): void;
  /** AE-6: a rejection if the provider itself cannot accept the request. */
  refuse(request: AssociateRequest): AssociateReject | undefined;
}

export class AssociationMachine {
  readonly #ports: AssociationPorts;
  readonly #requestor: boolean;
  #state: State = STATE.idle;
  #pendingRequest: AssociateRequest | undefined;
  #rejection: AssociateReject | undefined;

  constructor(role: 'requestor' | 'acceptor', ports: AssociationPorts) {
    this.#requestor = role === 'requestor';
    this.#ports = ports;
  }

  get state(): State {
    return this.#state;
  }

  /** Does what the table says, and returns the action's name; undefined where the table has no action. */
  dispatch(occurrence: Occurrence): ActionName | undefined {
    const name = TRANSITIONS[occurrence.event][this.#state];
    if (name === undefined) return undefined;
    if ('request' in occurrence) this.#pendingRequest = occurrence.request;
    const action: Action = ACTIONS[name];
    const outcome =
      action.otherwise === undefined || this.#holds(action.onlyIf, occurrence)
        ? action
        : action.otherwise;
    // The state first: an effect may bring the next event.
    this.#state = outcome.next;
    for (const effect of outcome.effects) this.#perform(effect, occurrence);
    return name;
  }

  #holds(condition: Action['onlyIf'], occurrence: Occurrence): boolean {
    if (condition === 'requestor') return this.#requestor;
    if (!('received' in occurrence) || occurrence.received.type !== 'associate-request') {
      return true;
    }
    this.#rejection = this.#ports.refuse(occurrence.received);
    return this.#rejection === undefined;
  }

  #perform(effect: Effect, occurrence: Occurrence): void {
    const ports = this.#ports;
    switch (effect) {
      case 'connect-transport':
        ports.connect();
        break;
      case 'close-transport':
        ports.close();
        break;
      case 'send-associate-request':
        if (this.#pendingRequest !== undefined) ports.send(this.#pendingRequest);
        break;
      case 'send':
        if ('pdu' in occurrence) ports.send(occurrence.pdu);
        break;
      case 'send-provider-rejection':
        if (this.#rejection !== undefined) ports.send(this.#rejection);
        break;
      case 'send-release-request':
        ports.send({ type: 'release-request' });
        break;
      case 'send-release-response':
        ports.send({ type: 'release-response' });
        break;
      case 'send-user-abort':
        ports.send(abort(ABORT_SOURCE.serviceUser, ABORT_REASON.notSpecified));
        break;
      case 'send-provider-abort':
        ports.send(abort(ABORT_SOURCE.serviceProvider, reasonOf(occurrence)));
        break;
      case 'start-artim':
        ports.startArtim();
        break;
      case 'stop-artim':
        ports.stopArtim();
        break;
      case 'indicate':
        if ('received' in occurrence) ports.indicate(occurrence.received);
        break;
      case 'indicate-provider-abort':
        ports.indicate({
          type: 'provider-abort',
          cause: occurrence.event === EVENT.transportClosed ? 'connection-lost' : 'violation',
          reason: reasonOf(occurrence),
        });
        break;
    }
  }
}

const abort = (source: number, reason: number): Abort => ({ type: 'abort', source, reason });

/** A PDU that is well formed and aborts nevertheless came in a state that does not expect it. */
const reasonOf = (occurrence: Occurrence): AbortReason => {
  if ('reason' in occurrence) return occurrence.reason;
  return 'received' in occurrence ? ABORT_REASON.unexpectedPdu : ABORT_REASON.notSpecified;
};
