/** Who may associate: asked once for each association, before it is accepted. */
import type { AssociateReject } from '../../core/upper-layer/pdu.ts';

export interface AssociationAttempt {
  readonly calledAeTitle: string;
  readonly callingAeTitle: string;
  /** Numeric, IPv4 in its own notation. */
  readonly remoteAddress: string;
}

export interface Refusal {
  readonly rejection: AssociateReject;
  /** A stable code for the decision record. */
  readonly code: string;
  /** What was wrong and the command that changes it, for the person who reads the record. */
  readonly message: string;
}

export interface AdmissionPolicy {
  /** Undefined: admitted. A rejection of the promise is answered as temporary congestion. */
  decide(attempt: AssociationAttempt): Promise<Refusal | undefined>;
}

/** What a person is to find out about. */
export interface Decision {
  /** A stable code, and a sentence with the remedy. */
  readonly code: string;
  readonly message: string;
}

/** Where decisions are kept for people to find. Never throws. */
export interface DecisionLog {
  record(attempt: AssociationAttempt, decision: Decision): Promise<void>;
}

/** Where refusals are kept for people to find. Never throws: a refusal stands whether it was stored or not. */
export interface RefusalLog {
  record(attempt: AssociationAttempt, refusal: Refusal): Promise<void>;
}
