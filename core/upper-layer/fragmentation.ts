/** Cuts a command set or a piece of a data set into P-DATA-TF PDUs that the peer takes (PS3.8 annex D.1). */
import type { DataTransfer } from './pdu.ts';
import { PDV_HEADER_LENGTH } from './pdu-codec.ts';

/** Our own bound: for peers that take any length, and told to peers as what we take. 256 KiB. */
export const OWN_MAXIMUM_LENGTH = 256 * 1024;

/** Fragments have an even length (PS3.8 annex E.2), so the least that carries data is 2 bytes of it. */
const SHORTEST_USABLE_LENGTH = PDV_HEADER_LENGTH + 2;

/** Bytes of data that fit a PDU for a peer that told `maximumLength` (0 is any). Even, 2 at least. */
export const fragmentLength = (maximumLength: number): number => {
  const length =
    maximumLength === 0 ? OWN_MAXIMUM_LENGTH : Math.min(maximumLength, OWN_MAXIMUM_LENGTH);
  const data = Math.max(length, SHORTEST_USABLE_LENGTH) - PDV_HEADER_LENGTH;
  return data - (data % 2);
};

export interface Message {
  readonly contextId: number;
  readonly command: boolean;
  readonly data: Buffer;
  /** False when more of the same data set follows in a later call. */
  readonly last: boolean;
}

/** At least one PDU, with one value each. */
export function* toDataTransfers(
  message: Message,
  maximumLength: number,
): Generator<DataTransfer, void, undefined> {
  const { contextId, command, data, last } = message;
  const length = fragmentLength(maximumLength);
  let start = 0;
  do {
    const end = Math.min(start + length, data.length);
    yield {
      type: 'data-transfer',
      values: [
        { contextId, command, last: last && end === data.length, data: data.subarray(start, end) },
      ],
    };
    start = end;
  } while (start < data.length);
}
