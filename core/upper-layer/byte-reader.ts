/**
 * Reads the fields of one PDU or item in order, big endian, never beyond its end: a length that promises more
 * than there is becomes a ProtocolViolation with the place in the PDU.
 */
import { isUidLike } from '../dicom/uid.ts';
import { ABORT_REASON, ProtocolViolation } from './protocol-violation.ts';

/** Of what is no UID, this much is quoted. */
const QUOTED_LENGTH = 64;

export class ByteReader {
  readonly #bytes: Buffer;
  /** Where these bytes begin in the PDU. */
  readonly #start: number;
  readonly #name: string;
  #position = 0;

  constructor(bytes: Buffer, name: string, start = 0) {
    this.#bytes = bytes;
    this.#name = name;
    this.#start = start;
  }

  get remaining(): number {
    return this.#bytes.length - this.#position;
  }

  get offset(): number {
    return this.#start + this.#position;
  }

  /** Throws, with the current place as that of the fault. */
  fail(field: string, expected: string, read: string, offset = this.offset): never {
    throw new ProtocolViolation({
      field: `${this.#name}, ${field}`,
      expected,
      read,
      offset,
      reason: ABORT_REASON.invalidParameterValue,
    });
  }

  bytes(length: number, field: string): Buffer {
    if (length > this.remaining) {
      this.fail(field, `${length} bytes`, `${this.remaining} bytes before the end`);
    }
    this.#position += length;
    return this.#bytes.subarray(this.#position - length, this.#position);
  }

  skip(length: number): void {
    this.bytes(length, 'reserved');
  }

  rest(): Buffer {
    return this.bytes(this.remaining, 'value');
  }

  u8(field: string): number {
    return this.bytes(1, field).readUInt8();
  }

  u16(field: string): number {
    return this.bytes(2, field).readUInt16BE();
  }

  u32(field: string): number {
    return this.bytes(4, field).readUInt32BE();
  }

  /** A reader of the next `length` bytes, for a nested item. */
  nested(length: number, name: string): ByteReader {
    const start = this.offset;
    return new ByteReader(this.bytes(length, name), name, start);
  }

  text(length: number, field: string): string {
    return this.bytes(length, field).toString('latin1');
  }

  /** A UID; padding that PS3.8 annex F forbids but old peers send is dropped. */
  uid(length: number, field: string): string {
    const offset = this.offset;
    const uid = this.text(length, field).replace(/[\0 ]+$/, '');
    if (!isUidLike(uid)) {
      this.fail(field, 'a UID', JSON.stringify(uid.slice(0, QUOTED_LENGTH)), offset);
    }
    return uid;
  }
}
