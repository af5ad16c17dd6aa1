/**
 * Where the listener hands a received instance over: the upper layer knows only this interface, and the
 * ingest behind it (spool, object, items) knows nothing of associations. Chunks are the data set's bytes as
 * they came; a C-STORE response is sent only when `end` has settled (PS3.7 section 9.1.1).
 */

/** What is known of an instance before its first byte: from the association and from C-STORE-RQ. */
export interface ReceptionContext {
  readonly associationId: string;
  readonly calledAeTitle: string;
  readonly callingAeTitle: string;
  readonly remoteAddress: string;
  /** Affected SOP Class UID of the request. */
  readonly sopClassUid: string;
  /** Affected SOP Instance UID of the request. */
  readonly sopInstanceUid: string;
  /** Of the presentation context on which the instance came. */
  readonly transferSyntaxUid: string;
}

/** The answer that the sender gets; statuses are those of PS3.4 table B.2-1 and PS3.7 annex C. */
export interface StoreOutcome {
  readonly status: number;
  /** Error Comment (0000,0902): at most 64 characters are sent. */
  readonly errorComment?: string;
}

/** One instance on its way in. Calls come one at a time: each waits for the promise of the one before. */
export interface InstanceReception {
  /**
   * Undefined when the chunk was taken at once. The socket is not read while a promise is pending; a rejection ends
   * the instance with 0xA700. Then the chunk's memory is used again, unless the reception holds it (memory/slabs.ts).
   */
  write(chunk: Buffer): Promise<void> | undefined;
  /** All bytes were written. Resolves when the outcome is certain; a rejection is answered with 0x0110. */
  end(): Promise<StoreOutcome>;
  /** The outcome of `end` has been sent: gives back what is held. Does not reject; the next instance waits for it. */
  close(): Promise<void>;
  /** The association ended, or a write was refused, before `end`: forget the instance. Called at most once. */
  abort(reason: string): Promise<void>;
}

/** Where the instances of one association go. */
export interface AssociationReceiver {
  /** Does not throw: a refusal is the outcome that `end` resolves to. */
  begin(context: ReceptionContext): InstanceReception;
  /** A C-STORE request was refused before it was begun: for the record. Does not throw. */
  refused(outcome: StoreOutcome): void;
}

export interface InstanceReceiver {
  /**
   * An association was let in. What is configured now holds to its end: a change in the middle would treat one half
   * of a study in another way than the other. Does not throw.
   */
  associated(association: AssociationFacts): AssociationReceiver;
}

/** What a reception's context has of its association. */
export type AssociationFacts = Pick<
  ReceptionContext,
  'associationId' | 'calledAeTitle' | 'callingAeTitle' | 'remoteAddress'
>;
