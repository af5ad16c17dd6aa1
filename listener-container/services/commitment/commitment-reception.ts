/** The data set of an N-ACTION request to commit: collected within a bound, decoded, and the request answered. */
import { DataSetFault } from '../../../core/dimse/data-set.ts';
import { STATUS } from '../../../core/dimse/status.ts';
import {
  MESSAGE_ENCODINGS,
  decodeCommitmentRequest,
  type CommitmentRequest,
} from '../../../core/dimse/storage-commitment.ts';
import type { InstanceReception, StoreOutcome } from '../instance-receiver.ts';
import type { CommitmentService } from './commitment-service.ts';

/** Some 25,000 references. */
export const MAXIMUM_REQUEST_BYTES = 4 * 1024 * 1024;

export class CommitmentReception implements InstanceReception {
  readonly #service: CommitmentService;
  readonly #transferSyntaxUid: string;
  #chunks: Buffer[] = [];
  #length = 0;
  /** Set when the request was found good: it is answered with Success, and the report is owed. */
  request: CommitmentRequest | undefined;

  constructor(service: CommitmentService, transferSyntaxUid: string) {
    this.#service = service;
    this.#transferSyntaxUid = transferSyntaxUid;
  }

  write(chunk: Buffer): Promise<void> {
    this.#length += chunk.length;
    // What is too long is read to its end, since the answer comes only after it, but not kept.
    if (this.#length > MAXIMUM_REQUEST_BYTES) this.#chunks = [];
    else this.#chunks.push(Buffer.from(chunk));
    return Promise.resolve();
  }

  end(): Promise<StoreOutcome> {
    return Promise.resolve(this.#decide());
  }

  abort(): Promise<void> {
    this.#chunks = [];
    return Promise.resolve();
  }

  #decide(): StoreOutcome {
    const encoding = MESSAGE_ENCODINGS.get(this.#transferSyntaxUid);
    if (this.#length > MAXIMUM_REQUEST_BYTES || encoding === undefined) {
      return { status: STATUS.resourceLimitation, errorComment: 'Too many instances in a request' };
    }
    try {
      const request = decodeCommitmentRequest(Buffer.concat(this.#chunks), encoding);
      if (!this.#service.hasRoom(request.references.length)) {
        return {
          status: STATUS.resourceLimitation,
          errorComment: 'Too many commitments are waiting; ask again later',
        };
      }
      this.request = request;
      return { status: STATUS.success };
    } catch (error) {
      if (!(error instanceof DataSetFault)) throw error;
      return { status: STATUS.invalidArgumentValue, errorComment: error.message };
    }
  }
}
