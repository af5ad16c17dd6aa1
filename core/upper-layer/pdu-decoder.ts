/**
 * Bytes as they come from a connection → PDUs, incrementally and within bounds: a control PDU is held until
 * it is whole (none may be longer than its kind can need), while the values of P-DATA-TF are handed out as
 * pieces of the very chunks that came in, so that nothing of an instance is collected or copied here.
 */
import type { ControlPdu, PresentationDataValue } from './pdu.ts';
import { PDU_TYPE } from './pdu.ts';
import {
  CONTROL_HEADER,
  PDU_HEADER_LENGTH,
  PDV_HEADER_LENGTH,
  decodeControlPdu,
  type ControlPduType,
} from './pdu-codec.ts';
import { ABORT_REASON, ProtocolViolation, type AbortReason } from './protocol-violation.ts';

/**
 * Longest A-ASSOCIATE variable field that is read. 128 contexts with 60 transfer syntaxes of 64 characters
 * each are 530 KB; DCMTK's most generous profiles send about 20 KB.
 */
export const MAXIMUM_ASSOCIATE_LENGTH = 1024 * 1024;

/** All other control PDUs have a variable field of this length. */
const SHORT_PDU_LENGTH = 4;

/** A piece of a presentation data value: `last` is set only on the final piece of a value that has it. */
export interface Fragment extends PresentationDataValue {
  readonly type: 'fragment';
}

export type Incoming = ControlPdu | Fragment;

const isControlPduType = (type: number): type is ControlPduType =>
  type >= PDU_TYPE.associateRequest && type <= PDU_TYPE.abort && type !== PDU_TYPE.dataTransfer;

interface CurrentValue {
  readonly contextId: number;
  readonly command: boolean;
  readonly last: boolean;
  remaining: number;
}

export class PduDecoder {
  readonly #maximumDataLength: number;
  /** Collects a header, or the variable field of a control PDU. */
  #collected: Buffer[] = [];
  #missing = PDU_HEADER_LENGTH;
  #next: 'pdu-header' | 'control-pdu' | 'value-header' | 'value' = 'pdu-header';
  #controlType: ControlPduType = PDU_TYPE.abort;
  /** Of the current P-DATA-TF: its length, and what of it is unread. */
  #dataLength = 0;
  #dataRemaining = 0;
  #value: CurrentValue | undefined;

  /** `maximumDataLength`: the maximum length that was told to the peer, in bytes. */
  constructor(maximumDataLength: number) {
    this.#maximumDataLength = maximumDataLength;
  }

  /**
   * Yields what `chunk` completes, one at a time: the caller may do slow work in between. Fragments are pieces of the
   * chunk; nothing else of it is kept. Throws ProtocolViolation, after which the decoder is of no more use.
   */
  *push(chunk: Buffer): Generator<Incoming, void, undefined> {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#next === 'value' && this.#value !== undefined) {
        const data = rest.subarray(0, this.#value.remaining);
        rest = rest.subarray(data.length);
        yield this.#piece(this.#value, data);
        continue;
      }
      const taken = rest.subarray(0, this.#missing);
      rest = rest.subarray(taken.length);
      this.#missing -= taken.length;
      if (this.#missing > 0) {
        this.#collected.push(Buffer.from(taken));
        return;
      }
      const complete = this.#complete(this.#whole(taken));
      if (complete !== undefined) yield complete;
    }
  }

  /** What was collected, and its end; what is decoded of a control PDU outlives the chunk. */
  #whole(end: Buffer): Buffer {
    if (this.#collected.length === 0 && this.#next !== 'control-pdu') return end;
    const whole = Buffer.concat([...this.#collected, end]);
    this.#collected = [];
    return whole;
  }

  #complete(bytes: Buffer): Incoming | undefined {
    switch (this.#next) {
      case 'pdu-header':
        this.#readPduHeader(bytes);
        return undefined;
      case 'value-header':
        return this.#readValueHeader(bytes);
      case 'control-pdu':
        this.#expect('pdu-header', PDU_HEADER_LENGTH);
        return decodeControlPdu(this.#controlType, bytes);
      case 'value':
        throw new Error('a value is handed out in pieces, never collected');
    }
  }

  #expect(next: 'pdu-header' | 'control-pdu' | 'value-header', length: number): void {
    this.#next = next;
    this.#missing = length;
  }

  #readPduHeader(header: Buffer): void {
    const type = header.readUInt8(0);
    const length = header.readUInt32BE(2);
    if (type === PDU_TYPE.dataTransfer) {
      if (length > this.#maximumDataLength) {
        const most = `at most ${this.#maximumDataLength}, the maximum length received`;
        this.#fail('P-DATA-TF, PDU-length', most, String(length), 2);
      }
      this.#dataLength = length;
      this.#dataRemaining = length;
      this.#expectValueHeader();
      return;
    }
    if (!isControlPduType(type)) {
      const read = `${type.toString(16).padStart(2, '0')}H`;
      this.#fail('PDU-type', '01H to 07H', read, 0, ABORT_REASON.unrecognizedPdu);
    }
    const associate = type === PDU_TYPE.associateRequest || type === PDU_TYPE.associateAccept;
    if (associate && length > MAXIMUM_ASSOCIATE_LENGTH) {
      this.#fail('PDU-length', `at most ${MAXIMUM_ASSOCIATE_LENGTH}`, String(length), 2);
    }
    if (!associate && length !== SHORT_PDU_LENGTH) {
      this.#fail('PDU-length', String(SHORT_PDU_LENGTH), String(length), 2);
    }
    this.#controlType = type;
    if (length === 0) this.#fail('PDU-length', 'more than 0', '0', 2);
    this.#expect('control-pdu', length);
  }

  #expectValueHeader(): void {
    if (this.#dataRemaining < PDV_HEADER_LENGTH) {
      this.#fail(
        'P-DATA-TF, presentation data value item',
        `${PDV_HEADER_LENGTH} bytes`,
        `${this.#dataRemaining} bytes before the end`,
        PDU_HEADER_LENGTH + this.#dataLength - this.#dataRemaining,
      );
    }
    this.#expect('value-header', PDV_HEADER_LENGTH);
  }

  #readValueHeader(header: Buffer): Incoming | undefined {
    const length = header.readUInt32BE(0);
    const offset = PDU_HEADER_LENGTH + this.#dataLength - this.#dataRemaining;
    if (length < 2 || length > this.#dataRemaining - 4) {
      const expected = `2 to ${this.#dataRemaining - 4}`;
      this.#fail('P-DATA-TF, item length', expected, String(length), offset);
    }
    this.#dataRemaining -= PDV_HEADER_LENGTH;
    const control = header.readUInt8(5);
    const value: CurrentValue = {
      contextId: header.readUInt8(4),
      command: (control & CONTROL_HEADER.command) !== 0,
      last: (control & CONTROL_HEADER.last) !== 0,
      remaining: length - 2,
    };
    this.#value = value;
    this.#next = 'value';
    return value.remaining === 0 ? this.#piece(value, Buffer.alloc(0)) : undefined;
  }

  #piece(value: CurrentValue, data: Buffer): Fragment {
    value.remaining -= data.length;
    this.#dataRemaining -= data.length;
    const ended = value.remaining === 0;
    if (ended) {
      this.#value = undefined;
      if (this.#dataRemaining > 0) this.#expectValueHeader();
      else this.#expect('pdu-header', PDU_HEADER_LENGTH);
    }
    return {
      type: 'fragment',
      contextId: value.contextId,
      command: value.command,
      last: value.last && ended,
      data,
    };
  }

  #fail(
    field: string,
    expected: string,
    read: string,
    offset: number,
    reason: AbortReason = ABORT_REASON.invalidParameterValue,
  ): never {
    throw new ProtocolViolation({ field, expected, read, offset, reason });
  }
}
