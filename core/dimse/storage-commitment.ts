/**
 * Storage Commitment Push Model (PS3.4 annex J): what a request to commit says, what the report on it says,
 * and the data sets of both.
 */
import { isUidLike } from '../dicom/uid.ts';
import {
  DataSetFault,
  decodeDataSet,
  encodeDataSet,
  u16Element,
  uidElement,
  uidOf,
  type MessageDataSet,
  type MessageElement,
  type MessageEncoding,
} from './data-set.ts';

/** The well-known instance that every request names (PS3.4 section J.3.5). */
export const STORAGE_COMMITMENT_INSTANCE = '1.2.840.10008.1.20.1.1';

/** Action Type ID: Request Storage Commitment (PS3.4 table J.3-1). */
export const REQUEST_STORAGE_COMMITMENT = 1;

/** Event Type ID (PS3.4 table J.3-2). */
export const COMMITMENT_EVENT = { complete: 1, failuresExist: 2 } as const;

/** Failure Reason (0008,1197), PS3.3 section C.14.1.1. */
export const FAILURE_REASON = {
  processingFailure: 0x0110,
  noSuchObjectInstance: 0x0112,
  classInstanceConflict: 0x0119,
} as const;
export type FailureReason = (typeof FAILURE_REASON)[keyof typeof FAILURE_REASON];

/** One item of a Referenced SOP Sequence. */
export interface SopReference {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
}

export interface CommitmentRequest {
  readonly transactionUid: string;
  readonly references: readonly SopReference[];
}

export interface FailedReference extends SopReference {
  readonly reason: FailureReason;
}

export interface CommitmentResult {
  readonly transactionUid: string;
  readonly committed: readonly SopReference[];
  readonly failed: readonly FailedReference[];
}

const TAG = {
  referencedSopClassUid: 0x00081150,
  referencedSopInstanceUid: 0x00081155,
  transactionUid: 0x00081195,
  failureReason: 0x00081197,
  failedSopSequence: 0x00081198,
  referencedSopSequence: 0x00081199,
} as const;

const SEQUENCES = new Set<number>([TAG.failedSopSequence, TAG.referencedSopSequence]);

/** PS3.5 annex A: the two transfer syntaxes of these messages. */
export const MESSAGE_ENCODINGS: ReadonlyMap<string, MessageEncoding> = new Map([
  ['1.2.840.10008.1.2', 'implicit'],
  ['1.2.840.10008.1.2.1', 'explicit'],
]);

const uidAt = (dataSet: MessageDataSet, tag: number, keyword: string): string => {
  const uid = uidOf(dataSet, tag);
  // Each becomes part of a key: nothing but a UID may get there.
  if (uid === undefined || !isUidLike(uid)) throw new DataSetFault(`${keyword} is no UID`, 0);
  return uid;
};

const itemsOf = (dataSet: MessageDataSet, tag: number): readonly MessageDataSet[] => {
  const element = dataSet.get(tag);
  return element?.kind === 'sequence' ? element.items : [];
};

const referenceOf = (item: MessageDataSet): SopReference => ({
  sopClassUid: uidAt(item, TAG.referencedSopClassUid, 'Referenced SOP Class UID'),
  sopInstanceUid: uidAt(item, TAG.referencedSopInstanceUid, 'Referenced SOP Instance UID'),
});

/** The Action Information of a request (PS3.4 table J.3-1). Throws DataSetFault. */
export const decodeCommitmentRequest = (
  bytes: Buffer,
  encoding: MessageEncoding,
): CommitmentRequest => {
  const dataSet = decodeDataSet(bytes, encoding, SEQUENCES);
  const references = itemsOf(dataSet, TAG.referencedSopSequence).map(referenceOf);
  if (references.length === 0) {
    throw new DataSetFault('Referenced SOP Sequence has no item', 0);
  }
  return { transactionUid: uidAt(dataSet, TAG.transactionUid, 'Transaction UID'), references };
};

const referenceItem = (
  { sopClassUid, sopInstanceUid }: SopReference,
  more: readonly (readonly [number, MessageElement])[] = [],
): MessageDataSet =>
  new Map<number, MessageElement>([
    [TAG.referencedSopClassUid, uidElement(sopClassUid)],
    [TAG.referencedSopInstanceUid, uidElement(sopInstanceUid)],
    ...more,
  ]);

export const encodeCommitmentRequest = (
  { transactionUid, references }: CommitmentRequest,
  encoding: MessageEncoding,
): Buffer =>
  encodeDataSet(
    new Map<number, MessageElement>([
      [TAG.transactionUid, uidElement(transactionUid)],
      [
        TAG.referencedSopSequence,
        { kind: 'sequence', items: references.map((reference) => referenceItem(reference)) },
      ],
    ]),
    encoding,
  );

export const eventTypeOf = ({ failed }: CommitmentResult): number =>
  failed.length === 0 ? COMMITMENT_EVENT.complete : COMMITMENT_EVENT.failuresExist;

/** The Event Information of a report (PS3.4 table J.3-2): a sequence without items is left out. */
export const encodeCommitmentResult = (
  { transactionUid, committed, failed }: CommitmentResult,
  encoding: MessageEncoding,
): Buffer => {
  const elements = new Map<number, MessageElement>([
    [TAG.transactionUid, uidElement(transactionUid)],
  ]);
  if (committed.length > 0) {
    elements.set(TAG.referencedSopSequence, {
      kind: 'sequence',
      items: committed.map((reference) => referenceItem(reference)),
    });
  }
  if (failed.length > 0) {
    elements.set(TAG.failedSopSequence, {
      kind: 'sequence',
      items: failed.map((reference) =>
        referenceItem(reference, [[TAG.failureReason, u16Element(reference.reason)]]),
      ),
    });
  }
  return encodeDataSet(elements, encoding);
};

/** What a report's data set says. Throws DataSetFault. */
export const decodeCommitmentResult = (
  bytes: Buffer,
  encoding: MessageEncoding,
): CommitmentResult => {
  const dataSet = decodeDataSet(bytes, encoding, SEQUENCES);
  return {
    transactionUid: uidAt(dataSet, TAG.transactionUid, 'Transaction UID'),
    committed: itemsOf(dataSet, TAG.referencedSopSequence).map(referenceOf),
    failed: itemsOf(dataSet, TAG.failedSopSequence).map((item) => {
      const reason = item.get(TAG.failureReason);
      if (reason?.kind !== 'value' || reason.value.length < 2) {
        throw new DataSetFault('Failure Reason is missing', 0);
      }
      return { ...referenceOf(item), reason: reason.value.readUInt16LE() as FailureReason };
    }),
  };
};
