/** The data set of an N-ACTION request to commit: collected within a bound, decoded, and the request answered. */
import { DataSetFault } from '../../../core/dimse/data-set.ts';
import { STATUS } from '../../../core/dimse/status.ts';
import {
  MESSAGE_ENCODINGS,
  decodeCommitmentRequest,
  type CommitmentRequest,
} from '../../../core/dimse/storage-commitment.ts';
import type { OwedCommitment } from '../../../core/dimse/owed-commitments.ts';
import type { AssociationFacts, InstanceReception, StoreOutcome } from '../instance-receiver.ts';
import { NotKept, type CommitmentService } from './commitment-service.ts';

/** Some 25,000 references. */
export const MAXIMUM_REQUEST_BYTES = 4 * 1024 * 1024;

export class CommitmentReception implements InstanceReception {
  readonly #service: CommitmentService;
  readonly #association: AssociationFacts;
  readonly #transferSyntaxUid: string;
  #chunks: Buffer[] = [];
  #length = 0;
  /** Set when the request was found good: it is answered with Success, and the report is owed. */
  owed: OwedCommitment | undefined;

  constructor(
    service: CommitmentService,
    association: AssociationFacts,
    transferSyntaxUid: string,
  ) {
    this.#service = service;
    this.#association = association;
    this.#transferSyntaxUid = transferSyntaxUid;
  }

  write(chunk: Buffer): Promise<void> {
    this.#length += chunk.length;
    // What is too long is read to its end, since the answer comes only after it, but not kept.
    if (this.#length > MAXIMUM_REQUEST_BYTES) this.#chunks = [];
    else this.#chunks.push(Buffer.from(chunk));
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async end(): Promise<StoreOutcome> {
    const request = this.#decode();
    if ('status' in request) return request;
    if (!this.#service.hasRoom(request.references.length)) {
      return {
        status: STATUS.resourceLimitation,
        errorComment: 'Too many commitments are waiting; ask again later',
      };
    }
    try {
      this.owed = await this.#service.accept(this.#association, request);
      return { status: STATUS.success };
    } catch (error) {
      if (!(error instanceof NotKept)) throw error;
      return {
        status: STATUS.processingFailure,
        errorComment: 'The request could not be kept; ask again later',
      };
    }
  }

  abort(): Promise<void> {
    this.#chunks = [];
    return Promise.resolve();
  }

  #decode(): CommitmentRequest | StoreOutcome {
    const encoding = MESSAGE_ENCODINGS.get(this.#transferSyntaxUid);
    if (this.#length > MAXIMUM_REQUEST_BYTES || encoding === undefined) {
      return { status: STATUS.resourceLimitation, errorComment: 'Too many instances in a request' };
    }
    try {
      return decodeCommitmentRequest(Buffer.concat(this.#chunks), encoding);
    } catch (error) {
      if (!(error instanceof DataSetFault)) throw error;
      return { status: STATUS.invalidArgumentValue, errorComment: error.message };
    }
  }
}
