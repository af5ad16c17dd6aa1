/** From an A-ASSOCIATE request to its answer: asks for admission, and negotiates with who is let in. */
import { negotiate, type Negotiated } from '../../core/upper-layer/negotiation.ts';
import {
  PROTOCOL_VERSION,
  type AssociateReject,
  type AssociateRequest,
} from '../../core/upper-layer/pdu.ts';
import { REJECTION } from '../../core/upper-layer/reject.ts';
import type { AssociationAttempt } from '../admission/admission-policy.ts';
import type { Reception } from './reception-desk.ts';

export type Answer =
  | { readonly rejection: AssociateReject }
  | { readonly negotiated: Negotiated; readonly leave: () => void };

/** User name and passcode are answered with nothing but the answer itself (PS3.7 table D.3-15). */
const POSITIVE_RESPONSE = Buffer.alloc(0);

export const admit = async (
  reception: Reception,
  request: AssociateRequest,
  attempt: AssociationAttempt,
  storageCommitment: boolean,
): Promise<Answer> => {
  const { identity: userIdentity } = request.userInformation;
  const admission = await reception.ask({ ...attempt, userIdentity }, request.applicationContext);
  if ('rejection' in admission) return admission;
  const { acceptUnknownSopClasses, identityVerified } = admission.grant;
  const negotiated = negotiate(
    request,
    { storageCommitment, unknownSopClasses: acceptUnknownSopClasses === true },
    identityVerified === true && userIdentity?.positiveResponseRequested === true
      ? POSITIVE_RESPONSE
      : undefined,
  );
  return { negotiated, leave: admission.leave };
};

export const attemptOf = (
  { calledAeTitle, callingAeTitle }: AssociateRequest,
  remoteAddress: string,
) => ({ calledAeTitle, callingAeTitle, remoteAddress });

/** What the provider itself rejects (AE-6 of PS3.8 table 9-6), and has on record. */
export const rejectByProvider = (
  reception: Reception,
  request: AssociateRequest,
  attempt: AssociationAttempt,
): AssociateReject | undefined => {
  if ((request.protocolVersion & PROTOCOL_VERSION) !== 0) return undefined;
  const rejection = REJECTION.protocolVersionNotSupported;
  void reception.refused(attempt, {
    rejection,
    code: 'association-rejected',
    message:
      'The peer speaks no version of the upper layer protocol that there is. Its device has to be mended: ' +
      'no setting changes this.',
  });
  return rejection;
};
