/**
 * The acceptor's side of presentation-context negotiation (PS3.8 section 7.1.1.13): a context with an
 * abstract syntax that is served accepts the first transfer syntax proposed, because instances are kept as
 * they come and never decoded on the way in. Storage Commitment's messages are decoded, and choose.
 */
import {
  CONTEXT_RESULT,
  DICOM_APPLICATION_CONTEXT,
  PROTOCOL_VERSION,
  type AnsweredContext,
  type AssociateAccept,
  type AssociateRequest,
} from './pdu.ts';
import { OWN_MAXIMUM_LENGTH } from './fragmentation.ts';
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from '../dicom/uid.ts';
import { STORAGE_SOP_CLASSES } from './storage-sop-classes.ts';

export const VERIFICATION_SOP_CLASS = '1.2.840.10008.1.1';

/** PS3.5 annex A.1: sent back where no transfer syntax is significant. */
const IMPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2';

/** PS3.5 annex A.2: with the above, what the messages of Storage Commitment are read and written in. */
const EXPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2.1';
const MESSAGE_SYNTAXES: readonly string[] = [IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN];

export const STORAGE_COMMITMENT_SOP_CLASS = '1.2.840.10008.1.20.1';

/** The standard's own UIDs, and among them those of storage SOP classes (PS3.6 annex A). */
const DICOM_ROOT = '1.2.840.10008.';
const STORAGE_ROOT = '1.2.840.10008.5.1.4.1.1.';

/** What is offered beside Verification and the storage SOP classes of the standard. */
export interface OfferedServices {
  readonly storageCommitment?: boolean;
  /** Private SOP classes, and storage SOP classes of later editions of the standard. */
  readonly unknownSopClasses?: boolean;
}

const isStorage = (uid: string, offered: OfferedServices): boolean =>
  STORAGE_SOP_CLASSES.has(uid) ||
  (offered.unknownSopClasses === true &&
    (uid.startsWith(STORAGE_ROOT) || !uid.startsWith(DICOM_ROOT)));

/** What the listener is an SCP of. */
export const isServedAbstractSyntax = (uid: string, offered: OfferedServices = {}): boolean =>
  uid === VERIFICATION_SOP_CLASS ||
  (uid === STORAGE_COMMITMENT_SOP_CLASS && offered.storageCommitment === true) ||
  isStorage(uid, offered);

export interface AcceptedContext {
  readonly id: number;
  readonly abstractSyntax: string;
  readonly transferSyntax: string;
}

export interface Negotiated {
  readonly answer: AssociateAccept;
  /** By presentation context ID. */
  readonly accepted: ReadonlyMap<number, AcceptedContext>;
}

/** Every context gets an answer; none accepted is an association all the same (PS3.8 section 7.1.1.13). */
export const negotiate = (
  request: AssociateRequest,
  offered: OfferedServices = {},
  identityResponse?: Buffer,
): Negotiated => {
  const isServed = (uid: string): boolean => isServedAbstractSyntax(uid, offered);
  const accepted = new Map<number, AcceptedContext>();
  const contexts = request.contexts.map((proposed): AnsweredContext => {
    const { id, abstractSyntax } = proposed;
    const [first = IMPLICIT_VR_LITTLE_ENDIAN] = proposed.transferSyntaxes;
    if (!isServed(abstractSyntax)) {
      return { id, result: CONTEXT_RESULT.abstractSyntaxNotSupported, transferSyntax: first };
    }
    const transferSyntax =
      abstractSyntax === STORAGE_COMMITMENT_SOP_CLASS
        ? proposed.transferSyntaxes.find((uid) => MESSAGE_SYNTAXES.includes(uid))
        : first;
    if (transferSyntax === undefined) {
      return { id, result: CONTEXT_RESULT.transferSyntaxesNotSupported, transferSyntax: first };
    }
    accepted.set(id, { id, abstractSyntax, transferSyntax });
    return { id, result: CONTEXT_RESULT.acceptance, transferSyntax };
  });
  const answer: AssociateAccept = {
    type: 'associate-accept',
    protocolVersion: PROTOCOL_VERSION,
    calledAeTitle: request.calledAeTitle,
    callingAeTitle: request.callingAeTitle,
    applicationContext: DICOM_APPLICATION_CONTEXT,
    contexts,
    userInformation: {
      maximumLength: OWN_MAXIMUM_LENGTH,
      implementationClassUid: IMPLEMENTATION_CLASS_UID,
      implementationVersionName: IMPLEMENTATION_VERSION_NAME,
      // One operation at a time, told only to who asked (PS3.7 annex D.3.3.3).
      ...(request.userInformation.asynchronousOperations === undefined
        ? {}
        : { asynchronousOperations: { invoked: 1, performed: 1 } }),
      // We are SCP only: a requestor may be SCU, and its proposal to be SCP is turned down.
      roles: request.userInformation.roles
        .filter((role) => isServed(role.sopClassUid))
        .map((role) => ({ sopClassUid: role.sopClassUid, scu: role.scu, scp: false })),
      extended: [],
      commonExtended: [],
      ...(identityResponse === undefined ? {} : { identityResponse }),
    },
  };
  return { answer, accepted };
};
