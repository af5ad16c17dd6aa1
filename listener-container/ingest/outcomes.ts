/** The answers to a C-STORE that the ingest gives: PS3.4 table B.2-1. */
import type { StoreOutcome } from '../services/instance-receiver.ts';

/** Error Comment (0000,0902) is LO. */
const MAX_COMMENT = 64;

const outcome = (status: number, comment: string): StoreOutcome => ({
  status,
  errorComment: comment.slice(0, MAX_COMMENT),
});

export const SUCCESS: StoreOutcome = { status: 0x0000 };

/** Warning: it is stored, and the data set does not match the SOP class (or instance) of the request. */
export const STORED_WITH_MISMATCH: StoreOutcome = { status: 0xb007 };

/** Failure: duplicate SOP instance (PS3.7 annex C). What came is not kept. */
export const duplicateInstance = (comment: string): StoreOutcome => outcome(0x0111, comment);

/** Refused: out of resources. The sender may try again. */
export const outOfResources = (comment: string): StoreOutcome => outcome(0xa700, comment);

/** Error: the data set does not match the SOP class (or instance) of the request. */
export const doesNotMatch = (comment: string): StoreOutcome => outcome(0xa900, comment);

/** Error: cannot understand. */
export const cannotUnderstand = (comment: string): StoreOutcome => outcome(0xc000, comment);

/** Processing failure (PS3.7 section C.4.2). */
export const processingFailure = (comment: string): StoreOutcome => outcome(0x0110, comment);
