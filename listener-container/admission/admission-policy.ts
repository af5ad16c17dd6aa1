/** Who may associate: asked once for each association, before it is accepted. */
import type { AssociateReject } from '../../core/upper-layer/pdu.ts';
import type { UserIdentity } from '../../core/upper-layer/user-information.ts';

export interface AssociationAttempt {
  readonly calledAeTitle: string;
  readonly callingAeTitle: string;
  /** Numeric, IPv4 in its own notation. */
  readonly remoteAddress: string;
  /** Of the client certificate: see peer-certificate.ts. */
  readonly certificateFingerprint?: string | undefined;
  readonly userIdentity?: UserIdentity | undefined;
  /** Of the association if it comes to one. */
  readonly associationId?: string;
}

export interface Refusal {
  readonly rejection: AssociateReject;
  /** A stable code for the decision record. */
  readonly code: string;
  /** What was wrong and the command that changes it, for the person who reads the record. */
  readonly message: string;
}

/** Of a peer that never came to an association, and has named nobody. */
export const unnamedAttempt = (remoteAddress: string): AssociationAttempt => ({
  ...{ calledAeTitle: '', callingAeTitle: '', remoteAddress },
});

/** What holds for an association that is admitted. */
export interface Grant {
  /** Of this calling AE title at once. */
  readonly maxAssociations?: number | undefined;
  readonly acceptUnknownSopClasses?: boolean | undefined;
  /** A user identity was asked for, and it holds. */
  readonly identityVerified?: boolean;
}

export type Verdict =
  | { readonly grant: Grant; readonly refusal?: undefined }
  | { readonly refusal: Refusal; readonly grant?: undefined };

export interface AdmissionPolicy {
  /** Undefined: admitted without conditions. A rejection of the promise is answered as temporary congestion. */
  decide(attempt: AssociationAttempt): Promise<Verdict | undefined>;
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
  record(attempt: AssociationAttempt, refusal: Decision): Promise<void>;
}
