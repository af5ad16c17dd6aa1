/**
 * The protocol data units of PS3.8 section 9.3 as types, with the codes of their fields. Reserved fields are
 * not here: they are sent as the standard says and not tested when read.
 */
import type { UserInformation } from './user-information.ts';

/** PDU-type, the first byte of each PDU. */
export const PDU_TYPE = {
  associateRequest: 0x01,
  associateAccept: 0x02,
  associateReject: 0x03,
  dataTransfer: 0x04,
  releaseRequest: 0x05,
  releaseResponse: 0x06,
  abort: 0x07,
} as const;

/** PS3.7 annex A.2.1: the only application context there is. */
export const DICOM_APPLICATION_CONTEXT = '1.2.840.10008.3.1.1.1';

/** Bit 0 of the field Protocol-version: the only version there is. */
export const PROTOCOL_VERSION = 1;

export interface ProposedContext {
  /** Odd, 1 to 255. */
  readonly id: number;
  readonly abstractSyntax: string;
  readonly transferSyntaxes: readonly string[];
}

/** Result/Reason of a presentation context (PS3.8 table 9-18). */
export const CONTEXT_RESULT = {
  acceptance: 0,
  userRejection: 1,
  noReason: 2,
  abstractSyntaxNotSupported: 3,
  transferSyntaxesNotSupported: 4,
} as const;

export interface AnsweredContext {
  readonly id: number;
  readonly result: number;
  /** Not significant unless the context was accepted. */
  readonly transferSyntax: string;
}

interface AssociatePdu {
  readonly protocolVersion: number;
  /** Without the spaces around it. */
  readonly calledAeTitle: string;
  readonly callingAeTitle: string;
  readonly applicationContext: string;
  readonly userInformation: UserInformation;
}

export interface AssociateRequest extends AssociatePdu {
  readonly type: 'associate-request';
  readonly contexts: readonly ProposedContext[];
}

export interface AssociateAccept extends AssociatePdu {
  readonly type: 'associate-accept';
  readonly contexts: readonly AnsweredContext[];
}

/** Result, source and reason are the codes of PS3.8 table 9-21. */
export interface AssociateReject {
  readonly type: 'associate-reject';
  readonly result: number;
  readonly source: number;
  readonly reason: number;
}

/** One presentation data value, or on the way in a piece of one. */
export interface PresentationDataValue {
  readonly contextId: number;
  /** A fragment of a command set; otherwise of a data set. */
  readonly command: boolean;
  /** Nothing of this command or data set follows. */
  readonly last: boolean;
  readonly data: Buffer;
}

export interface DataTransfer {
  readonly type: 'data-transfer';
  readonly values: readonly PresentationDataValue[];
}

export interface ReleaseRequest {
  readonly type: 'release-request';
}

export interface ReleaseResponse {
  readonly type: 'release-response';
}

/** Source and reason are the codes of PS3.8 table 9-26. */
export interface Abort {
  readonly type: 'abort';
  readonly source: number;
  readonly reason: number;
}

/** Every PDU that is decoded as a whole: all but P-DATA-TF, whose values are handed out as they arrive. */
export type ControlPdu =
  AssociateRequest | AssociateAccept | AssociateReject | ReleaseRequest | ReleaseResponse | Abort;

export type Pdu = ControlPdu | DataTransfer;
