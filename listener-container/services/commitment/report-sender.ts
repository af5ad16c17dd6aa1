/**
 * Sends one N-EVENT-REPORT on an association of its own (PS3.4 section J.3.3): this side opens it and proposes
 * to be the SCP (PS3.7 section D.3.3.4), because the service's SCU is the peer.
 */
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from '../../../core/dicom/uid.ts';
import { encodeCommandSet } from '../../../core/dimse/command-set.ts';
import { MessageReader } from '../../../core/dimse/message-reader.ts';
import { COMMAND, eventReportRequest } from '../../../core/dimse/messages.ts';
import {
  MESSAGE_ENCODINGS,
  STORAGE_COMMITMENT_INSTANCE,
  encodeCommitmentResult,
  eventTypeOf,
  type CommitmentResult,
} from '../../../core/dimse/storage-commitment.ts';
import {
  AssociationMachine,
  occurrenceOf,
  type ProviderAbort,
} from '../../../core/upper-layer/association-machine.ts';
import { OWN_MAXIMUM_LENGTH, toDataTransfers } from '../../../core/upper-layer/fragmentation.ts';
import { STORAGE_COMMITMENT_SOP_CLASS } from '../../../core/upper-layer/negotiation.ts';
import { encodePdu } from '../../../core/upper-layer/pdu-codec.ts';
import { PduDecoder, type Fragment, type Incoming } from '../../../core/upper-layer/pdu-decoder.ts';
import {
  CONTEXT_RESULT,
  DICOM_APPLICATION_CONTEXT,
  PROTOCOL_VERSION,
  type AssociateAccept,
  type AssociateRequest,
} from '../../../core/upper-layer/pdu.ts';
import { ABORT_REASON, ProtocolViolation } from '../../../core/upper-layer/protocol-violation.ts';
import { describeRejection } from '../../../core/upper-layer/reject.ts';
import { EVENT } from '../../../core/upper-layer/state-machine.ts';
import { connectForReport, type ReportTarget } from './report-connection.ts';

export interface ReportPeer extends ReportTarget {
  readonly host: string;
  readonly calledAeTitle: string;
  readonly callingAeTitle: string;
}

/** The status of the response. Throws {@link ReportNotSent} when there is none. */
export type SendReport = (peer: ReportPeer, result: CommitmentResult) => Promise<number>;

/** The message is a clause for a decision record. */
export class ReportNotSent extends Error {
  override readonly name = 'ReportNotSent';
}

/** For the whole of it, from the connection to the response. */
const LIMIT_MS = 30_000;

/** How long the peer may take to close after the response. */
const CLOSE_MS = 2000;

const CONTEXT_ID = 1;
const MESSAGE_ID = 1;

const requestFor = (peer: ReportPeer): AssociateRequest => ({
  type: 'associate-request',
  protocolVersion: PROTOCOL_VERSION,
  calledAeTitle: peer.calledAeTitle,
  callingAeTitle: peer.callingAeTitle,
  applicationContext: DICOM_APPLICATION_CONTEXT,
  contexts: [
    {
      id: CONTEXT_ID,
      abstractSyntax: STORAGE_COMMITMENT_SOP_CLASS,
      transferSyntaxes: [...MESSAGE_ENCODINGS.keys()],
    },
  ],
  userInformation: {
    maximumLength: OWN_MAXIMUM_LENGTH,
    implementationClassUid: IMPLEMENTATION_CLASS_UID,
    implementationVersionName: IMPLEMENTATION_VERSION_NAME,
    roles: [{ sopClassUid: STORAGE_COMMITMENT_SOP_CLASS, scu: false, scp: true }],
    extended: [],
    commonExtended: [],
  },
});

/** The command set and the data set; or why they may not be sent on what the peer has accepted. */
const messagesFor = (accept: AssociateAccept, result: CommitmentResult): readonly Buffer[] => {
  const context = accept.contexts.find(
    ({ id, result: answer }) => id === CONTEXT_ID && answer === CONTEXT_RESULT.acceptance,
  );
  const encoding = MESSAGE_ENCODINGS.get(context?.transferSyntax ?? '');
  if (context === undefined || encoding === undefined) {
    throw new ReportNotSent('the peer does not take reports of storage commitment');
  }
  // A peer that leaves the role unanswered is taken at its acceptance of the context; one that says no is not.
  const role = accept.userInformation.roles.find(
    ({ sopClassUid }) => sopClassUid === STORAGE_COMMITMENT_SOP_CLASS,
  );
  if (role?.scp === false) throw new ReportNotSent('the peer does not let us be the SCP');
  const command = eventReportRequest(
    MESSAGE_ID,
    STORAGE_COMMITMENT_SOP_CLASS,
    STORAGE_COMMITMENT_INSTANCE,
    eventTypeOf(result),
  );
  return [encodeCommandSet(command), encodeCommitmentResult(result, encoding)];
};

class ReportAssociation {
  readonly #result: CommitmentResult;
  readonly #machine: AssociationMachine;
  readonly #decoder = new PduDecoder(OWN_MAXIMUM_LENGTH);
  readonly #reader = new MessageReader();
  readonly #settled = Promise.withResolvers<number>();
  #closing: NodeJS.Timeout | undefined;

  constructor(peer: ReportPeer, result: CommitmentResult) {
    this.#result = result;
    const socket = connectForReport(peer, () => {
      this.#machine.dispatch({ event: EVENT.transportConnected });
    });
    const limit = setTimeout(() => {
      this.#fail(`no answer within ${LIMIT_MS / 1000} s`);
      socket.destroy();
    }, LIMIT_MS);
    const close = () => socket.destroy();
    this.#machine = new AssociationMachine('requestor', {
      connect: () => undefined,
      close,
      send: (pdu) => {
        if (socket.writable) socket.write(encodePdu(pdu));
      },
      startArtim: () => {
        this.#closing ??= setTimeout(close, CLOSE_MS);
      },
      stopArtim: () => undefined,
      indicate: (indication) => {
        this.#indicated(indication);
      },
      refuse: () => undefined,
    });
    socket.on('data', (chunk: Buffer) => {
      this.#take(chunk);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#fail(`no connection to port ${peer.port} (${error.code ?? error.name})`);
    });
    socket.on('close', () => {
      clearTimeout(limit);
      clearTimeout(this.#closing);
      this.#machine.dispatch({ event: EVENT.transportClosed });
      this.#fail('the peer closed the connection');
    });
    this.#machine.dispatch({ event: EVENT.associateRequestPrimitive, request: requestFor(peer) });
    void this.#settled.promise
      .catch(() => undefined)
      .finally(() => {
        this.#closing ??= setTimeout(close, CLOSE_MS);
      });
  }

  get answer(): Promise<number> {
    return this.#settled.promise;
  }

  #fail(why: string): void {
    this.#settled.reject(new ReportNotSent(why));
  }

  #take(chunk: Buffer): void {
    try {
      for (const incoming of this.#decoder.push(chunk)) {
        this.#machine.dispatch(occurrenceOf(incoming));
      }
    } catch (error) {
      if (error instanceof ReportNotSent) {
        this.#settled.reject(error);
        this.#machine.dispatch({ event: EVENT.abortPrimitive });
        return;
      }
      this.#fail('the peer does not speak DICOM as it should');
      const reason =
        error instanceof ProtocolViolation ? error.facts.reason : ABORT_REASON.notSpecified;
      this.#machine.dispatch({ event: EVENT.invalidPduReceived, reason });
    }
  }

  #indicated(indication: Incoming | ProviderAbort): void {
    switch (indication.type) {
      case 'associate-accept':
        this.#report(indication);
        break;
      case 'associate-reject':
        this.#fail(`the association was ${describeRejection(indication)}`);
        break;
      case 'fragment':
        this.#answered(indication);
        break;
      case 'release-request':
        this.#fail('the peer released the association before its answer');
        this.#machine.dispatch({ event: EVENT.releaseResponsePrimitive });
        break;
      case 'abort':
      case 'provider-abort':
        this.#fail('the peer aborted the association');
        break;
      case 'associate-request':
      case 'release-response':
        break;
    }
  }

  #report(accept: AssociateAccept): void {
    const { maximumLength } = accept.userInformation;
    for (const [index, data] of messagesFor(accept, this.#result).entries()) {
      const message = { contextId: CONTEXT_ID, command: index === 0, data, last: true };
      for (const pdu of toDataTransfers(message, maximumLength)) {
        this.#machine.dispatch({ event: EVENT.dataPrimitive, pdu });
      }
    }
  }

  #answered(fragment: Fragment): void {
    const part = this.#reader.read(fragment);
    if (part?.kind !== 'command') return;
    const { CommandField, MessageIDBeingRespondedTo, Status } = part.command;
    if (
      CommandField !== COMMAND.nEventReportResponse ||
      MessageIDBeingRespondedTo !== MESSAGE_ID ||
      Status === undefined
    ) {
      throw new ReportNotSent('the peer answered with something else than a response');
    }
    this.#settled.resolve(Status);
    this.#machine.dispatch({ event: EVENT.releaseRequestPrimitive });
  }
}

export const sendReport: SendReport = (peer, result) => new ReportAssociation(peer, result).answer;
