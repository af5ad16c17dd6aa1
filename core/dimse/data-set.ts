/**
 * Small data sets that travel with DIMSE-N messages (PS3.5 section 7): little endian, held whole, with their
 * sequences. Instances are never read this way: core/dicom reads their headers as they stream by.
 */

/** The transfer syntaxes that are read and written here. */
export type MessageEncoding = 'implicit' | 'explicit';

/** A data set that breaks PS3.5 section 7. */
export class DataSetFault extends Error {
  override readonly name = 'DataSetFault';
  readonly offset: number;

  constructor(problem: string, offset: number) {
    super(`data set at byte ${offset}: ${problem}`);
    this.offset = offset;
  }
}

/** One element: a plain value, or the items of a sequence. */
export type MessageElement =
  | { readonly kind: 'value'; readonly vr: string; readonly value: Buffer }
  | { readonly kind: 'sequence'; readonly items: readonly MessageDataSet[] };

/** By tag. */
export type MessageDataSet = ReadonlyMap<number, MessageElement>;

const UNDEFINED_LENGTH = 0xffffffff;
const ITEM = 0xfffee000;
const ITEM_DELIMITER = 0xfffee00d;
const SEQUENCE_DELIMITER = 0xfffee0dd;
const LONG_VRS = new Set('OB OD OF OL OV OW SQ SV UC UN UR UT UV'.split(' '));

/** Messages nest one deep; what nests deeper than this is garbage. */
const MAXIMUM_DEPTH = 8;

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get offset(): number {
    return this.#at;
  }

  get length(): number {
    return this.#bytes.length;
  }

  take(length: number, end = this.length): Buffer {
    if (length > end - this.#at)
      throw new DataSetFault('a value is longer than what is there', this.#at);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  tag(end: number): number {
    const bytes = this.take(4, end);
    return bytes.readUInt16LE(0) * 0x10000 + bytes.readUInt16LE(2);
  }

  u32(end: number): number {
    return this.take(4, end).readUInt32LE();
  }
}

/** Which tags hold sequences has to be told: implicit VR does not say. */
export const decodeDataSet = (
  bytes: Buffer,
  encoding: MessageEncoding,
  sequences: ReadonlySet<number>,
): MessageDataSet => {
  const reader = new Reader(bytes);

  const header = (end: number): { vr: string; length: number } => {
    if (encoding === 'implicit') return { vr: '', length: reader.u32(end) };
    const letters = reader.take(2, end).toString('latin1');
    const short = reader.take(2, end).readUInt16LE();
    return { vr: letters, length: LONG_VRS.has(letters) ? reader.u32(end) : short };
  };

  const sequence = (length: number, end: number, depth: number): MessageDataSet[] => {
    if (depth > MAXIMUM_DEPTH) {
      throw new DataSetFault('sequences are nested too deeply', reader.offset);
    }
    const defined = length !== UNDEFINED_LENGTH;
    const stop = defined ? reader.offset + length : end;
    if (stop > end)
      throw new DataSetFault('a sequence is longer than what is there', reader.offset);
    const items: MessageDataSet[] = [];
    while (!defined || reader.offset < stop) {
      const at = reader.offset;
      const tag = reader.tag(stop);
      const itemLength = reader.u32(stop);
      if (tag === SEQUENCE_DELIMITER && !defined) break;
      if (tag !== ITEM)
        throw new DataSetFault('no item where an item of a sequence must begin', at);
      items.push(elements(itemLength, stop, depth + 1));
    }
    return items;
  };

  const elements = (length: number, end: number, depth: number): MessageDataSet => {
    const found = new Map<number, MessageElement>();
    const defined = length !== UNDEFINED_LENGTH;
    const stop = defined ? reader.offset + length : end;
    if (stop > end) throw new DataSetFault('an item is longer than what is there', reader.offset);
    while (!defined || reader.offset < stop) {
      const tag = reader.tag(stop);
      if (tag === ITEM_DELIMITER && !defined) {
        reader.u32(stop);
        break;
      }
      const { vr, length: valueLength } = header(stop);
      const isSequence = sequences.has(tag) || vr === 'SQ' || valueLength === UNDEFINED_LENGTH;
      found.set(
        tag,
        isSequence
          ? { kind: 'sequence', items: sequence(valueLength, stop, depth) }
          : { kind: 'value', vr, value: reader.take(valueLength, stop) },
      );
    }
    return found;
  };

  return elements(bytes.length, bytes.length, 0);
};

const tagBytes = (tag: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16LE(tag >>> 16, 0);
  bytes.writeUInt16LE(tag & 0xffff, 2);
  return bytes;
};

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

const elementHeader = (tag: number, vr: string, length: number, encoding: MessageEncoding) => {
  if (encoding === 'implicit') return Buffer.concat([tagBytes(tag), u32(length)]);
  const letters = Buffer.from(vr, 'latin1');
  if (LONG_VRS.has(vr)) {
    return Buffer.concat([tagBytes(tag), letters, Buffer.alloc(2), u32(length)]);
  }
  const short = Buffer.alloc(2);
  short.writeUInt16LE(length);
  return Buffer.concat([tagBytes(tag), letters, short]);
};

/** Elements in ascending order of their tags, all lengths explicit. */
export const encodeDataSet = (dataSet: MessageDataSet, encoding: MessageEncoding): Buffer =>
  Buffer.concat(
    [...dataSet.entries()]
      .toSorted(([a], [b]) => a - b)
      .flatMap(([tag, element]) => {
        if (element.kind === 'value') {
          const { vr, value } = element;
          return [elementHeader(tag, vr, value.length, encoding), value];
        }
        const items = element.items.map((item) => {
          const body = encodeDataSet(item, encoding);
          return Buffer.concat([tagBytes(ITEM), u32(body.length), body]);
        });
        const length = items.reduce((sum, item) => sum + item.length, 0);
        return [elementHeader(tag, 'SQ', length, encoding), ...items];
      }),
  );

/** A UID, padded with NUL to an even length. */
export const uidElement = (uid: string): MessageElement => ({
  kind: 'value',
  vr: 'UI',
  value: Buffer.from(uid.length % 2 === 0 ? uid : `${uid}\0`, 'latin1'),
});

export const u16Element = (value: number): MessageElement => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return { kind: 'value', vr: 'US', value: bytes };
};

/** The value without its padding; undefined when it is absent or a sequence. */
export const uidOf = (dataSet: MessageDataSet, tag: number): string | undefined => {
  const element = dataSet.get(tag);
  if (element?.kind !== 'value') return undefined;
  return element.value.toString('latin1').replace(/[\0 ]+$/, '');
};
