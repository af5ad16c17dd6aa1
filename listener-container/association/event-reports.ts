/**
 * Reports that this side owes on an association that the peer opened (N-EVENT-REPORT, PS3.7 section 10.3.1):
 * one at a time, and only while no message of the peer is being read or answered, so that a peer that waits
 * for a response gets nothing else before it.
 */
import type { CommandSet } from '../../core/dimse/command-set.ts';
import { COMMAND, eventReportRequest } from '../../core/dimse/messages.ts';
import {
  MESSAGE_ENCODINGS,
  STORAGE_COMMITMENT_INSTANCE,
  encodeCommitmentResult,
  eventTypeOf,
  type CommitmentResult,
} from '../../core/dimse/storage-commitment.ts';
import type { AcceptedContext } from '../../core/upper-layer/negotiation.ts';

interface OwedReport {
  readonly context: AcceptedContext;
  readonly result: CommitmentResult;
  readonly settle: (status: number | undefined) => void;
}

export interface ReportMessage {
  readonly contextId: number;
  readonly command: CommandSet;
  readonly data: Buffer;
}

const ANSWER_MS = 30_000;

export class EventReports {
  readonly #limitMs: number;
  readonly #waiting: OwedReport[] = [];
  #outstanding: { readonly messageId: number; readonly owed: OwedReport } | undefined;
  #limit: NodeJS.Timeout | undefined;
  #lastMessageId = 0;
  #ended = false;

  /** `limitMs`: how long the peer may take to answer one. */
  constructor(limitMs = ANSWER_MS) {
    this.#limitMs = limitMs;
  }

  /** Resolves with the peer's status; with undefined when the association ended, or the time was over, before. */
  owe(context: AcceptedContext, result: CommitmentResult): Promise<number | undefined> {
    if (this.#ended) return Promise.resolve(undefined);
    return new Promise((settle) => {
      this.#waiting.push({ context, result, settle });
    });
  }

  /** Whether there is one to be sent. */
  get due(): boolean {
    return !this.#ended && this.#outstanding === undefined && this.#waiting.length > 0;
  }

  /** What is to be sent now; to be asked only between two messages of the peer. */
  next(): ReportMessage | undefined {
    if (!this.due) return undefined;
    const owed = this.#waiting.shift();
    if (owed === undefined) return undefined;
    const { context, result } = owed;
    this.#lastMessageId = (this.#lastMessageId % 0xffff) + 1;
    this.#outstanding = { messageId: this.#lastMessageId, owed };
    this.#limit = setTimeout(() => {
      this.#settle(undefined);
    }, this.#limitMs);
    return {
      contextId: context.id,
      command: eventReportRequest(
        this.#lastMessageId,
        context.abstractSyntax,
        STORAGE_COMMITMENT_INSTANCE,
        eventTypeOf(result),
      ),
      data: encodeCommitmentResult(
        result,
        MESSAGE_ENCODINGS.get(context.transferSyntax) ?? 'implicit',
      ),
    };
  }

  /** False for a response to nothing that was ever sent; a late one is ours, and changes nothing. */
  answered(response: CommandSet): boolean {
    const { CommandField, MessageIDBeingRespondedTo: messageId = 0, Status } = response;
    const isOurs = messageId > 0 && messageId <= this.#lastMessageId;
    if (CommandField !== COMMAND.nEventReportResponse || !isOurs) return false;
    if (this.#outstanding?.messageId === messageId) this.#settle(Status);
    return true;
  }

  /** The association has ended. */
  end(): void {
    this.#ended = true;
    this.#settle(undefined);
    for (const { settle } of this.#waiting.splice(0)) settle(undefined);
  }

  #settle(status: number | undefined): void {
    clearTimeout(this.#limit);
    const outstanding = this.#outstanding;
    this.#outstanding = undefined;
    outstanding?.owed.settle(status);
  }
}
