/**
 * The items of a sequence whose bytes the element parser has kept (PS3.5 section 7.5), in any of the encodings
 * of a data set. Bounded by what the parser keeps.
 */
import { attributeOfTag, tagText } from './dictionary.ts';
import type { Element } from './element-parser.ts';

/** The bytes are not the items of a sequence. */
export class SequenceFault extends Error {
  override readonly name = 'SequenceFault';
}

/** By tag; the value of a nested sequence is the bytes of its items. */
export type SequenceItem = ReadonlyMap<number, Element>;

const UNDEFINED_LENGTH = 0xffffffff;
const ITEM = 0xfffee000;
const ITEM_DELIMITER = 0xfffee00d;
const SEQUENCE_DELIMITER = 0xfffee0dd;
const LONG_VRS = new Set('OB OD OF OL OV OW SQ SV UC UN UR UT UV'.split(' '));
const MAX_DEPTH = 32;

interface Encoding {
  readonly implicitVr: boolean;
  readonly littleEndian: boolean;
}

class ItemReader {
  readonly #bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.at;
  }

  take(length: number): Buffer {
    if (length > this.left) throw new SequenceFault('an element is longer than its sequence');
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  u16(little: boolean): number {
    const bytes = this.take(2);
    return little ? bytes.readUInt16LE() : bytes.readUInt16BE();
  }

  u32(little: boolean): number {
    const bytes = this.take(4);
    return little ? bytes.readUInt32LE() : bytes.readUInt32BE();
  }

  tag(little: boolean): number {
    return this.u16(little) * 0x10000 + this.u16(little);
  }

  /** Steps over the items of undefined length that begin here; their bytes, with their delimiter. */
  undefinedItems(encoding: Encoding, depth: number): Buffer {
    const start = this.at;
    readItems(this, encoding, depth);
    return this.#bytes.subarray(start, this.at);
  }
}

const readElement = (
  reader: ItemReader,
  tag: number,
  encoding: Encoding,
  depth: number,
): Element => {
  const { littleEndian, implicitVr } = encoding;
  let vr = attributeOfTag(tag)?.vr ?? 'UN';
  let length: number;
  if (implicitVr) length = reader.u32(littleEndian);
  else {
    vr = reader.take(2).toString('latin1');
    length = reader.u16(littleEndian);
    if (LONG_VRS.has(vr)) length = reader.u32(littleEndian);
  }
  if (length !== UNDEFINED_LENGTH) {
    const items = vr === 'SQ' ? { itemsImplicitVr: implicitVr } : {};
    return { tag, vr, littleEndian, value: reader.take(length), ...items };
  }
  // PS3.5 section 6.2.2, note 4: inside UN of undefined length it is always Implicit VR Little Endian.
  const inner = vr === 'UN' ? { implicitVr: true, littleEndian: true } : encoding;
  return {
    tag,
    vr: 'SQ',
    littleEndian: inner.littleEndian,
    itemsImplicitVr: inner.implicitVr,
    value: reader.undefinedItems(inner, depth + 1),
  };
};

const readItem = (
  reader: ItemReader,
  length: number,
  encoding: Encoding,
  depth: number,
): SequenceItem => {
  const elements = new Map<number, Element>();
  const end = length === UNDEFINED_LENGTH ? Infinity : reader.at + length;
  while (reader.left > 0 && reader.at < end) {
    const tag = reader.tag(encoding.littleEndian);
    if (tag === ITEM_DELIMITER) {
      reader.u32(encoding.littleEndian);
      return elements;
    }
    elements.set(tag, readElement(reader, tag, encoding, depth));
  }
  return elements;
};

const readItems = (reader: ItemReader, encoding: Encoding, depth: number): SequenceItem[] => {
  if (depth > MAX_DEPTH) throw new SequenceFault('sequences are nested too deeply');
  const items: SequenceItem[] = [];
  while (reader.left > 0) {
    const tag = reader.tag(encoding.littleEndian);
    const length = reader.u32(encoding.littleEndian);
    if (tag === SEQUENCE_DELIMITER) break;
    if (tag !== ITEM) {
      throw new SequenceFault(`${tagText(tag)} stands where an item of a sequence must begin`);
    }
    items.push(readItem(reader, length, encoding, depth));
  }
  return items;
};

/** Throws {@link SequenceFault}. */
export const sequenceItems = ({ value, littleEndian, itemsImplicitVr }: Element): SequenceItem[] =>
  readItems(new ItemReader(value), { littleEndian, implicitVr: itemsImplicitVr ?? false }, 0);
