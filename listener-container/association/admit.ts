/** From an A-ASSOCIATE request to its answer: asks for admission, and negotiates with who is let in. */
import { negotiate, type Negotiated } from '../../core/upper-layer/negotiation.ts';
import type { AssociateReject, AssociateRequest } from '../../core/upper-layer/pdu.ts';
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
