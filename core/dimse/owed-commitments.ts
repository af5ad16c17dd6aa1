/**
 * Reports of storage commitment that are owed (PS3.4 section J.3): kept from before the request is answered until
 * the report has arrived, so that whichever listener lives sends it. One listener at a time holds each.
 */
import type { CommitmentRequest } from './storage-commitment.ts';

export interface OwedCommitment {
  readonly id: string;
  readonly associationId: string;
  readonly calledAeTitle: string;
  readonly callingAeTitle: string;
  readonly remoteAddress: string;
  readonly request: CommitmentRequest;
  /** How often it was tried to report it on a new association. */
  readonly attempts: number;
}

/** Each holding lasts for a lease, and is renewed by {@link hold}. */
export interface OwedCommitments {
  /** How long a holding lasts, in milliseconds. */
  readonly leaseMs: number;
  /** Durable, and held by this listener, when it resolves. False when it took so long that it was cleared away. */
  keep(owed: OwedCommitment): Promise<boolean>;
  /** Those that nobody holds. */
  free(): Promise<string[]>;
  /** Holds it from now on; undefined when another listener does, or when there is nothing left to report. */
  take(id: string): Promise<OwedCommitment | undefined>;
  /** Holds it for longer. False when it is held by another listener now, or gone. */
  hold(id: string, attempts: number): Promise<boolean>;
  /** Gives it back at once, for any listener to take. */
  release(id: string): Promise<void>;
  /** Nothing is owed any more. */
  settle(id: string): Promise<void>;
}
