/**
 * What goes wrong on the wire, as a value: what was read, what the standard has there, and where. The reason
 * is the one that an A-ABORT of the service provider gives for it (PS3.8 table 9-26).
 */

/** Who aborts (PS3.8 table 9-26, field Source). */
export const ABORT_SOURCE = { serviceUser: 0, serviceProvider: 2 } as const;

/** Why the service provider aborts (PS3.8 table 9-26, field Reason/Diag.). */
export const ABORT_REASON = {
  notSpecified: 0,
  unrecognizedPdu: 1,
  unexpectedPdu: 2,
  unrecognizedParameter: 4,
  unexpectedParameter: 5,
  invalidParameterValue: 6,
} as const;
export type AbortReason = (typeof ABORT_REASON)[keyof typeof ABORT_REASON];

export interface ViolationFacts {
  /** The field, as the standard calls it, with the PDU or item that it is in. */
  readonly field: string;
  readonly expected: string;
  readonly read: string;
  /** Bytes from the start of the PDU. */
  readonly offset: number;
  readonly reason: AbortReason;
}

/** A peer sent what PS3.8 section 9.3 does not allow. The connection cannot be read any further. */
export class ProtocolViolation extends Error {
  override readonly name = 'ProtocolViolation';
  readonly facts: ViolationFacts;

  constructor(facts: ViolationFacts) {
    super(`${facts.field} at byte ${facts.offset}: expected ${facts.expected}, read ${facts.read}`);
    this.facts = facts;
  }
}

/** A data value on a presentation context that is not there. */
export const contextNotAccepted = (contextId: number): ProtocolViolation =>
  new ProtocolViolation({
    field: 'P-DATA-TF, presentation context ID',
    expected: 'one that was accepted',
    read: String(contextId),
    offset: 0,
    reason: ABORT_REASON.invalidParameterValue,
  });
