/**
 * One connection of a peer: feeds what arrives through decoder and state machine, hands messages to the services,
 * and carries out what the machine says on the socket. Everything that arrives is worked on in order; while we
 * work no more than a little is read from the socket, so a slow store slows the sender down.
 */
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CommandSetFault } from '../../core/dimse/command-set.ts';
import { MessageFault, MessageReader } from '../../core/dimse/message-reader.ts';
import {
  occurrenceOf,
  type AssociationMachine,
  type ProviderAbort,
} from '../../core/upper-layer/association-machine.ts';
import { OWN_MAXIMUM_LENGTH } from '../../core/upper-layer/fragmentation.ts';
import type { AcceptedContext } from '../../core/upper-layer/negotiation.ts';
import { PduDecoder, type Fragment, type Incoming } from '../../core/upper-layer/pdu-decoder.ts';
import type { AssociateRequest } from '../../core/upper-layer/pdu.ts';
import {
  ProtocolViolation,
  contextNotAccepted,
} from '../../core/upper-layer/protocol-violation.ts';
import { EVENT, STATE } from '../../core/upper-layer/state-machine.ts';
import { plainAddress } from '../admission/hosts.ts';
import { peerFingerprint } from '../tls/peer-certificate.ts';
import { errorName } from '../listener-log.ts';
import { MessageHandler } from '../services/message-handler.ts';
import { acceptorMachine } from './acceptor-machine.ts';
import { admit, attemptOf, rejectByProvider } from './admit.ts';
import type { AssociationPorts } from './association-ports.ts';
import type { Connection } from './connection.ts';
import { EventReports } from './event-reports.ts';
import { IdleTimer } from './idle-timer.ts';
import { MessageSender } from './message-sender.ts';
import { WorkQueue } from './work-queue.ts';

/** PDUs and fragments after which other associations are let go first: a chunk may hold thousands that are empty. */
const PARTS_IN_A_TURN = 256;

export class Association {
  readonly id = randomUUID();
  readonly #socket: Socket;
  readonly #ports: AssociationPorts;
  readonly #remoteAddress: string;
  readonly #machine: AssociationMachine;
  readonly #decoder = new PduDecoder(OWN_MAXIMUM_LENGTH);
  readonly #reader = new MessageReader();
  readonly #idle: IdleTimer;
  readonly #reports: EventReports;
  readonly #sender: MessageSender;
  readonly #work: WorkQueue;
  #parts = 0; // since others were let go first
  #unreadable = false; // after a violation nothing that still arrives can be told apart
  #indicated: Incoming | ProviderAbort | undefined;
  #contexts: ReadonlyMap<number, AcceptedContext> = new Map();
  #handler: MessageHandler | undefined;
  #leave: (() => void) | undefined;

  constructor(connection: Connection, ports: AssociationPorts) {
    const { socket } = connection;
    this.#socket = socket;
    this.#ports = ports;
    this.#remoteAddress = plainAddress(socket.remoteAddress ?? '');
    this.#idle = new IdleTimer(ports.limits.idleMs, () => {
      this.#abortBecause('the peer was idle for too long');
    });
    this.#reports = new EventReports(ports.limits.reportMs);
    this.#machine = acceptorMachine(socket, ports.limits.artimMs, {
      indicate: (indication) => {
        this.#indicated = indication;
      },
      refuse: (request) =>
        rejectByProvider(ports.reception, request, attemptOf(request, this.#remoteAddress)),
    });
    this.#work = new WorkQueue(socket, (error) => {
      this.#failed(error);
    });
    this.#sender = new MessageSender(socket, this.#machine, this.#idle);
    const reader = this.#reader;
    connection.receive({
      take: (chunk) => {
        this.#work.arrived(chunk, (next) => this.#take(next));
      },
      get inMessage() {
        return !reader.idle;
      },
    });
    // 'close' follows every error, and it is what counts.
    socket.on('error', () => undefined);
    socket.on('close', this.#closed.bind(this));
    this.#machine.dispatch({ event: EVENT.transportAccepted });
  }

  /** Ends the association from our side (A-ABORT, source service-user). */
  abort(): void {
    this.#abortBecause('the listener is stopping');
  }

  /** Takes the connection away, whatever state it is in. */
  destroy(): void {
    this.#socket.destroy();
  }

  #failed(error: unknown): void {
    this.#ports.log.error('an association failed in a way that is not the peer’s', {
      associationId: this.id,
      problem: errorName(error),
    });
    this.#abortBecause('an internal fault');
  }

  #closed(): void {
    this.#idle.stop();
    this.#machine.dispatch({ event: EVENT.transportClosed });
    this.#reports.end();
    this.#indicated = undefined;
    this.#work.run(async () => {
      await this.#handler?.abandon('the connection was lost');
      this.#leaveDesk();
    });
  }

  #leaveDesk(): void {
    this.#leave?.();
    this.#leave = undefined;
  }

  /** Undefined when all of the chunk has been worked on; a promise for each would cost more than most of them do. */
  #take(chunk: Buffer): Promise<void> | undefined {
    if (this.#unreadable) return undefined;
    this.#idle.pause();
    this.#idle.received(chunk.length);
    let pending: Promise<void> | undefined;
    try {
      pending = this.#takeAll(this.#decoder.push(chunk));
    } catch (error) {
      pending = this.#fault(error);
    }
    const done = (): void => {
      this.#waitForPeer();
    };
    if (pending !== undefined) {
      return pending.catch((error: unknown) => this.#fault(error)).finally(done);
    }
    done();
    return undefined;
  }

  #waitForPeer(): void {
    if (!this.#socket.destroyed && this.#machine.state === STATE.established) {
      this.#idle.waitForPeer();
    }
  }

  #takeAll(incoming: Iterator<Incoming, void>): Promise<void> | undefined {
    for (let next = incoming.next(); next.done !== true; next = incoming.next()) {
      const action = this.#machine.dispatch(occurrenceOf(next.value));
      // AA-1 indicates nothing: there is no association yet that could end.
      if (action === 'AA-1') this.#log('association aborted: a PDU before any association');
      const pending = this.#letOthersGoFirst(this.#handle());
      if (pending !== undefined) {
        return pending.then(() => (this.#socket.destroyed ? undefined : this.#takeAll(incoming)));
      }
      if (this.#socket.destroyed) return undefined;
    }
    return this.#reports.due ? this.#sendReport() : undefined;
  }

  /** After so many parts as one association may have in a turn of the event loop. */
  #letOthersGoFirst(pending: Promise<void> | undefined): Promise<void> | undefined {
    this.#parts += 1;
    if (this.#parts < PARTS_IN_A_TURN) return pending;
    this.#parts = 0;
    return (pending ?? Promise.resolve()).then(() => nextTurn());
  }

  #handle(): Promise<void> | undefined {
    const indication = this.#indicated;
    this.#indicated = undefined;
    switch (indication?.type) {
      case 'fragment':
        return this.#fragment(indication);
      case 'associate-request':
        return this.#admit(indication);
      case 'release-request':
        return this.#released();
      case 'abort':
        return this.#handler?.abandon('the peer aborted the association');
      case 'provider-abort':
        this.#unreadable = true;
        this.#log('association aborted: a PDU that its state does not expect');
        return this.#handler?.abandon('the peer broke the protocol');
      case 'associate-accept':
      case 'associate-reject':
      case 'release-response':
      case undefined:
        return undefined;
    }
  }

  async #released(): Promise<void> {
    this.#reports.end();
    await this.#handler?.abandon('the peer released the association in mid-instance');
    this.#leaveDesk();
    this.#machine.dispatch({ event: EVENT.releaseResponsePrimitive });
  }

  async #admit(request: AssociateRequest): Promise<void> {
    const attempt = attemptOf(request, this.#remoteAddress);
    const answer = await admit(
      this.#ports.reception,
      request,
      {
        ...attempt,
        certificateFingerprint: peerFingerprint(this.#socket),
        associationId: this.id,
      },
      this.#ports.commitment !== undefined,
    );
    if ('rejection' in answer) {
      this.#machine.dispatch({ event: EVENT.rejectPrimitive, pdu: answer.rejection });
      return;
    }
    const { negotiated, leave } = answer;
    this.#leave = leave;
    this.#contexts = negotiated.accepted;
    this.#sender.maximumLength = request.userInformation.maximumLength;
    this.#handler = new MessageHandler({
      association: { associationId: this.id, ...attempt },
      receiver: this.#ports.receiver,
      log: this.#ports.log,
      send: (contextId, command) => this.#sender.send(contextId, command),
      commitment: this.#ports.commitment,
      answered: (response) => this.#reports.answered(response),
      owe: (context, result) => {
        const answer = this.#reports.owe(context, result);
        this.#work.run(() => this.#sendReport());
        return answer;
      },
    });
    this.#machine.dispatch({ event: EVENT.acceptPrimitive, pdu: negotiated.answer });
  }

  #fragment(fragment: Fragment): Promise<void> | undefined {
    const context = this.#contexts.get(fragment.contextId);
    if (context === undefined || this.#handler === undefined) {
      throw contextNotAccepted(fragment.contextId);
    }
    const part = this.#reader.read(fragment);
    if (part === undefined) return undefined;
    const pending =
      part.kind === 'command'
        ? this.#handler.command(context, part.command)
        : this.#handler.data(part.data, part.last);
    if (!this.#reader.idle) return pending;
    return (pending ?? Promise.resolve()).then(() => {
      this.#idle.progress();
    });
  }

  /** A piece of work: no request is unanswered now. */
  async #sendReport(): Promise<void> {
    if (this.#machine.state !== STATE.established || !this.#reader.idle) return;
    const report = this.#reports.next();
    if (report === undefined) return;
    await this.#sender.send(report.contextId, report.command, report.data);
    if (!this.#socket.destroyed) this.#idle.waitForPeer();
  }

  async #fault(error: unknown): Promise<void> {
    this.#unreadable = true;
    if (error instanceof ProtocolViolation) {
      // What was read stays out of the log: it may be anything, of a patient too.
      const { field, expected, offset, reason } = error.facts;
      this.#log(`association aborted: ${field} at byte ${offset}: expected ${expected}`);
      this.#machine.dispatch({ event: EVENT.invalidPduReceived, reason });
    } else if (error instanceof MessageFault || error instanceof CommandSetFault) {
      this.#log(`association aborted: ${error.message}`);
      this.#machine.dispatch({ event: EVENT.abortPrimitive });
    } else {
      throw error;
    }
    this.#indicated = undefined;
    await this.#handler?.abandon('the peer broke the protocol');
  }

  #abortBecause(reason: string): void {
    if (this.#machine.dispatch({ event: EVENT.abortPrimitive }) === undefined) return;
    this.#unreadable = true;
    this.#log(`association aborted: ${reason}`);
    this.#work.run(async () => {
      await this.#handler?.abandon(reason);
    });
  }

  #log(message: string): void {
    this.#ports.log.warn(message, { associationId: this.id, remoteAddress: this.#remoteAddress });
  }
}
