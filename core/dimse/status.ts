/**
 * DIMSE statuses as data (PS3.7 annex C, PS3.4 table B.2-1): which code, which class, and what it says to a
 * person. Ranges of the storage service are matched by their upper digits.
 */

export const STATUS = {
  success: 0x0000,
  /** PS3.7 section C.5.20. */
  processingFailure: 0x0110,
  noSuchObjectInstance: 0x0112,
  invalidArgumentValue: 0x0115,
  invalidObjectInstance: 0x0117,
  sopClassNotSupported: 0x0122,
  noSuchActionType: 0x0123,
  unrecognizedOperation: 0x0211,
  resourceLimitation: 0x0213,
  outOfResources: 0xa700,
  dataSetDoesNotMatchSopClass: 0xa900,
  cannotUnderstand: 0xc000,
} as const;

export type StatusClass = 'success' | 'warning' | 'failure' | 'cancel' | 'pending';

interface StatusRange {
  readonly mask: number;
  readonly code: number;
  readonly class: StatusClass;
  readonly meaning: string;
}

const EXACT = 0xffff;

const RANGES: readonly StatusRange[] = [
  { mask: EXACT, code: 0x0000, class: 'success', meaning: 'success' },
  { mask: EXACT, code: 0x0001, class: 'warning', meaning: 'optional attributes not supported' },
  { mask: EXACT, code: 0x0105, class: 'failure', meaning: 'no such attribute' },
  { mask: EXACT, code: 0x0106, class: 'failure', meaning: 'invalid attribute value' },
  { mask: EXACT, code: 0x0110, class: 'failure', meaning: 'processing failure' },
  { mask: EXACT, code: 0x0111, class: 'failure', meaning: 'duplicate SOP instance' },
  { mask: EXACT, code: 0x0112, class: 'failure', meaning: 'no such SOP instance' },
  { mask: EXACT, code: 0x0113, class: 'failure', meaning: 'no such event type' },
  { mask: EXACT, code: 0x0114, class: 'failure', meaning: 'no such argument' },
  { mask: EXACT, code: 0x0115, class: 'failure', meaning: 'invalid argument value' },
  { mask: EXACT, code: 0x0117, class: 'failure', meaning: 'invalid object instance' },
  { mask: EXACT, code: 0x0118, class: 'failure', meaning: 'no such SOP class' },
  { mask: EXACT, code: 0x0119, class: 'failure', meaning: 'class-instance conflict' },
  { mask: EXACT, code: 0x0122, class: 'failure', meaning: 'SOP class not supported' },
  { mask: EXACT, code: 0x0123, class: 'failure', meaning: 'no such action' },
  { mask: EXACT, code: 0x0124, class: 'failure', meaning: 'not authorized' },
  { mask: EXACT, code: 0x0210, class: 'failure', meaning: 'duplicate invocation' },
  { mask: EXACT, code: 0x0211, class: 'failure', meaning: 'unrecognized operation' },
  { mask: EXACT, code: 0x0212, class: 'failure', meaning: 'mistyped argument' },
  { mask: EXACT, code: 0x0213, class: 'failure', meaning: 'resource limitation' },
  { mask: 0xff00, code: 0xa700, class: 'failure', meaning: 'out of resources' },
  { mask: 0xff00, code: 0xa900, class: 'failure', meaning: 'data set does not match SOP class' },
  { mask: EXACT, code: 0xb000, class: 'warning', meaning: 'coercion of data elements' },
  { mask: EXACT, code: 0xb006, class: 'warning', meaning: 'elements discarded' },
  { mask: EXACT, code: 0xb007, class: 'warning', meaning: 'data set does not match SOP class' },
  { mask: 0xf000, code: 0xb000, class: 'warning', meaning: 'warning' },
  { mask: 0xf000, code: 0xc000, class: 'failure', meaning: 'cannot understand' },
  { mask: EXACT, code: 0xfe00, class: 'cancel', meaning: 'cancelled' },
  { mask: 0xfffe, code: 0xff00, class: 'pending', meaning: 'pending' },
];

const rangeOf = (status: number): StatusRange | undefined =>
  RANGES.find((range) => (status & range.mask) === range.code);

/** An unknown status is a failure: nobody may take it for stored. */
export const statusClass = (status: number): StatusClass => rangeOf(status)?.class ?? 'failure';

/** For a person: "A700H out of resources". */
export const describeStatus = (status: number): string =>
  `${status.toString(16).toUpperCase().padStart(4, '0')}H ${rangeOf(status)?.meaning ?? 'unknown status'}`;
