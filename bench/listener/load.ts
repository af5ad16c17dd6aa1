/** What is sent to every receiver: instances of one size, ready as the bytes of their messages before the clock starts. */
import { storeRequest } from '../../core/dimse/messages.ts';
import { encodeCommandSet } from '../../core/dimse/command-set.ts';
import { fragmentLength, toDataTransfers } from '../../core/upper-layer/fragmentation.ts';
import { encodePdu } from '../../core/upper-layer/pdu-codec.ts';
import { CT_IMAGE, dataSetOf } from '../../test/support/received-instances.ts';
import { newUid } from '../instances.ts';

export interface Load {
  readonly name: string;
  /** Of Pixel Data, which all but some hundred bytes of an instance are. */
  readonly pixelBytes: number;
  readonly instances: number;
}

/** Messages that are longer repeat one block, so that a load is never in memory as a whole. */
const BLOCK_BYTES = 4 * 1024 * 1024;

/** The digits of a UID that tell the instances of a load apart. */
const COUNTER_DIGITS = 9;

/** Every instance of an association has a UID of the same length, so that only its digits change. */
const uidPrefix = (): string => newUid().slice(0, -COUNTER_DIGITS);

/** The message that sends an instance, over and over with another SOP Instance UID. */
export class StoreMessage {
  /** In the order in which they are written; the same block may come many times. */
  readonly parts: readonly Buffer[];
  /** Of the data set. */
  readonly dataSetLength: number;
  readonly #uidPlaces: readonly { readonly buffer: Buffer; readonly offset: number }[];
  #count = 0;

  /** `maximumLength` is what the peer told. */
  constructor(
    contextId: number,
    pixelBytes: number,
    uids: { studyInstanceUid: string; seriesInstanceUid: string },
    maximumLength: number,
  ) {
    const sopInstanceUid = uidPrefix() + '0'.repeat(COUNTER_DIGITS);
    const pduBytes = (command: boolean, data: Buffer, last: boolean): Buffer =>
      Buffer.concat(
        [...toDataTransfers({ contextId, command, data, last }, maximumLength)].map((pdu) =>
          encodePdu(pdu),
        ),
      );
    const header = dataSetOf({ sopInstanceUid, ...uids, pixels: 0 });
    // Pixel Data is the last element; the length of a value of VR OW is a 32-bit field right before it.
    header.writeUInt32LE(pixelBytes, header.length - 4);
    const command = storeRequest(1, CT_IMAGE, sopInstanceUid);
    const beginning = Buffer.concat([
      pduBytes(true, encodeCommandSet(command), true),
      pduBytes(false, header, false),
    ]);
    const piece = fragmentLength(maximumLength);
    const perBlock = Math.max(1, Math.floor(BLOCK_BYTES / piece)) * piece;
    const blocks = Math.max(0, Math.ceil(pixelBytes / perBlock) - 1);
    const pixels = (length: number): Buffer => Buffer.alloc(length, 0x5a);
    const block = blocks > 0 ? pduBytes(false, pixels(perBlock), false) : Buffer.alloc(0);
    const end = pduBytes(false, pixels(pixelBytes - blocks * perBlock), true);
    this.parts =
      blocks > 0
        ? [beginning, ...Array.from({ length: blocks }, () => block), end]
        : [Buffer.concat([beginning, end])];
    this.dataSetLength = header.length + pixelBytes;
    this.#uidPlaces = this.#find(sopInstanceUid);
  }

  /** Before an instance is sent: nothing of the one before may be waiting in a socket. */
  next(): void {
    this.#count += 1;
    const digits = String(this.#count).padStart(COUNTER_DIGITS, '0');
    for (const { buffer, offset } of this.#uidPlaces) buffer.write(digits, offset, 'latin1');
  }

  #find(uid: string): { buffer: Buffer; offset: number }[] {
    const [buffer = Buffer.alloc(0)] = this.parts;
    const first = buffer.indexOf(uid, 0, 'latin1');
    const second = buffer.indexOf(uid, first + 1, 'latin1');
    const counter = uid.length - COUNTER_DIGITS;
    return [first, second].map((offset) => ({ buffer, offset: offset + counter }));
  }
}
