/**
 * The services behind an association: Verification, Storage and Storage Commitment Push as SCP (PS3.4 annexes
 * A, B and J). One message at a time, in order; each ends with exactly one response, except one that the peer
 * cancels.
 */
import { isUidLike } from '../../core/dicom/uid.ts';
import type { CommandSet } from '../../core/dimse/command-set.ts';
import { MessageFault } from '../../core/dimse/message-reader.ts';
import { COMMAND, hasDataSet, isResponse, response } from '../../core/dimse/messages.ts';
import { STATUS } from '../../core/dimse/status.ts';
import {
  STORAGE_COMMITMENT_SOP_CLASS,
  VERIFICATION_SOP_CLASS,
  type AcceptedContext,
} from '../../core/upper-layer/negotiation.ts';
import {
  REQUEST_STORAGE_COMMITMENT,
  STORAGE_COMMITMENT_INSTANCE,
  type CommitmentResult,
} from '../../core/dimse/storage-commitment.ts';
import { errorName, type ListenerLog } from '../listener-log.ts';
import { CommitmentReception } from './commitment/commitment-reception.ts';
import type { CommitmentService } from './commitment/commitment-service.ts';
import type {
  AssociationFacts,
  AssociationReceiver,
  InstanceReception,
  InstanceReceiver,
  StoreOutcome,
} from './instance-receiver.ts';

export interface MessageHandlerPorts {
  readonly association: AssociationFacts;
  readonly receiver: InstanceReceiver;
  readonly log: ListenerLog;
  readonly commitment: CommitmentService | undefined;
  send(contextId: number, command: CommandSet): Promise<void>;
  /** Whether the response is to a report of ours. */
  answered(response: CommandSet): boolean;
  /** Sends a report when the association has nothing else to do: see EventReports. */
  owe(context: AcceptedContext, result: CommitmentResult): Promise<number | undefined>;
}

interface MessageWithData {
  /** The response to a report: it is not answered, and what data set it has is dropped. */
  readonly unanswered?: boolean;
  readonly contextId: number;
  readonly request: CommandSet;
  /** Where the data set goes; without one it is read and dropped. */
  reception?: InstanceReception | undefined;
  /** What is answered if there is no reception. */
  outcome: StoreOutcome;
  /** Called when the response has been handed to the network. */
  readonly afterwards?: () => void;
}

export class MessageHandler {
  readonly #ports: MessageHandlerPorts;
  readonly #receiver: AssociationReceiver;
  #current: MessageWithData | undefined;

  /** To be made when the association is let in. */
  constructor(ports: MessageHandlerPorts) {
    this.#ports = ports;
    this.#receiver = ports.receiver.associated(ports.association);
  }

  /** Throws MessageFault for what no requestor may send. */
  async command(context: AcceptedContext, request: CommandSet): Promise<void> {
    if (isResponse(request)) {
      this.#response(context, request);
      return;
    }
    if (request.CommandField === COMMAND.cCancelRequest) {
      // Nothing that is spoken here can be cancelled, and a cancel has no response (PS3.7 section 9.3.2.3).
      return;
    }
    const message = this.#consider(context, request);
    if (hasDataSet(request)) this.#current = message;
    else await this.#respond(message);
  }

  /** Undefined when the piece was taken at once: a promise for each piece would cost more than the piece. */
  data(data: Buffer, last: boolean): Promise<void> | undefined {
    const message = this.#current;
    if (message === undefined) throw new MessageFault('a data set came without a command');
    const written = data.length > 0 ? this.#write(message, data) : undefined;
    if (!last) return written;
    return written === undefined ? this.#end(message) : written.then(() => this.#end(message));
  }

  /** The rest of the current message will not come, or is not wanted. */
  async abandon(reason: string): Promise<void> {
    const reception = this.#current?.reception;
    if (this.#current === undefined || reception === undefined) return;
    this.#current.reception = undefined;
    try {
      await reception.abort(reason);
    } catch (error) {
      this.#ports.log.error('an unfinished instance could not be cleared away', {
        problem: errorName(error),
      });
    }
  }

  #write(message: MessageWithData, data: Buffer): Promise<void> | undefined {
    return message.reception?.write(data)?.catch(async (error: unknown) => {
      this.#ports.log.error('an instance could not be taken', { problem: errorName(error) });
      message.outcome = {
        status: STATUS.outOfResources,
        errorComment: 'The instance could not be written; send it again later',
      };
      await this.abandon('a write was refused');
    });
  }

  async #end(message: MessageWithData): Promise<void> {
    this.#current = undefined;
    if (message.unanswered !== true) await this.#respond(message);
  }

  async #respond(message: MessageWithData): Promise<void> {
    const { status, errorComment } = await this.#outcomeOf(message);
    await this.#ports.send(message.contextId, response(message.request, status, errorComment));
    message.afterwards?.();
    // The peer does not wait for it, the end of the association does.
    await message.reception?.close();
  }

  #response(context: AcceptedContext, request: CommandSet): void {
    if (!this.#ports.answered(request)) {
      throw new MessageFault('a response came without a request of ours');
    }
    if (!hasDataSet(request)) return;
    const outcome = { status: STATUS.success };
    this.#current = { unanswered: true, contextId: context.id, request, outcome };
  }

  async #outcomeOf({ reception, outcome }: MessageWithData): Promise<StoreOutcome> {
    if (reception === undefined) return outcome;
    try {
      return await reception.end();
    } catch (error) {
      this.#ports.log.error('an instance could not be stored', { problem: errorName(error) });
      return {
        status: STATUS.processingFailure,
        errorComment: 'The instance could not be stored; send it again later',
      };
    }
  }

  #consider(context: AcceptedContext, request: CommandSet): MessageWithData {
    const refused = (status: number, errorComment: string): MessageWithData => ({
      contextId: context.id,
      request,
      outcome: { status, errorComment },
    });
    if (request.CommandField === COMMAND.cStoreRequest) {
      return this.#considerStore(context, request, (status, errorComment) => {
        this.#receiver.refused({ status, errorComment });
        return refused(status, errorComment);
      });
    }
    if (
      request.CommandField === COMMAND.nActionRequest &&
      context.abstractSyntax === STORAGE_COMMITMENT_SOP_CLASS
    ) {
      return this.#considerAction(context, request, refused);
    }
    if (request.CommandField !== COMMAND.cEchoRequest) {
      return refused(
        STATUS.unrecognizedOperation,
        'Not a request of a service that is offered here',
      );
    }
    return context.abstractSyntax === VERIFICATION_SOP_CLASS
      ? { contextId: context.id, request, outcome: { status: STATUS.success } }
      : refused(STATUS.sopClassNotSupported, 'C-ECHO on a context of another SOP class');
  }

  #considerStore(
    context: AcceptedContext,
    request: CommandSet,
    refused: (status: number, errorComment: string) => MessageWithData,
  ): MessageWithData {
    const { AffectedSOPClassUID: sopClassUid, AffectedSOPInstanceUID: sopInstanceUid } = request;
    if (
      sopClassUid !== context.abstractSyntax ||
      context.abstractSyntax === VERIFICATION_SOP_CLASS ||
      context.abstractSyntax === STORAGE_COMMITMENT_SOP_CLASS
    ) {
      return refused(
        STATUS.sopClassNotSupported,
        'SOP class is not that of the presentation context',
      );
    }
    // It becomes part of keys: nothing but a UID may get there.
    if (sopInstanceUid === undefined || !isUidLike(sopInstanceUid)) {
      return refused(STATUS.invalidObjectInstance, 'Affected SOP Instance UID is not a UID');
    }
    if (!hasDataSet(request)) {
      return refused(STATUS.cannotUnderstand, 'C-STORE request without a data set');
    }
    const reception = this.#receiver.begin({
      ...this.#ports.association,
      sopClassUid,
      sopInstanceUid,
      transferSyntaxUid: context.transferSyntax,
    });
    return {
      contextId: context.id,
      request,
      reception,
      // Never sent: the reception decides.
      outcome: { status: STATUS.processingFailure },
    };
  }

  #considerAction(
    context: AcceptedContext,
    request: CommandSet,
    refused: (status: number, errorComment: string) => MessageWithData,
  ): MessageWithData {
    const { commitment } = this.#ports;
    if (commitment === undefined || request.RequestedSOPClassUID !== STORAGE_COMMITMENT_SOP_CLASS) {
      return refused(STATUS.sopClassNotSupported, 'N-ACTION is served for Storage Commitment only');
    }
    if (request.RequestedSOPInstanceUID !== STORAGE_COMMITMENT_INSTANCE) {
      return refused(STATUS.noSuchObjectInstance, 'Not the well-known SOP instance');
    }
    if (request.ActionTypeID !== REQUEST_STORAGE_COMMITMENT) {
      return refused(STATUS.noSuchActionType, 'The only action type is 1');
    }
    if (!hasDataSet(request)) {
      return refused(STATUS.invalidArgumentValue, 'N-ACTION request without a data set');
    }
    const { association } = this.#ports;
    const reception = new CommitmentReception(commitment, association, context.transferSyntax);
    return {
      contextId: context.id,
      request,
      reception,
      outcome: { status: STATUS.processingFailure },
      // The report may not be sent before the response to the request.
      afterwards: () => {
        if (reception.owed === undefined) return;
        commitment.begin(reception.owed, {
          report: (result) => this.#ports.owe(context, result),
        });
      },
    };
  }
}
