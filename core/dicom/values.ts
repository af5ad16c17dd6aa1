/**
 * Values of elements as JSON values (PS3.5 section 6.2): text as text, numbers as numbers, several values as a
 * list. A number that cannot be read stays the text that it is.
 */
import type { TextDecoding } from './character-sets.ts';
import { tagText } from './dictionary.ts';
import type { Element } from './element-parser.ts';

export type Value = string | number;

/** One value: a backslash is a character of it (PS3.5 section 6.4). */
const SINGLE_TEXTS = new Set(['LT', 'ST', 'UR', 'UT']);
/** VRs that Specific Character Set applies to (PS3.5 section 6.1.2.3). */
const EXTENDED_TEXTS = new Set(['LO', 'LT', 'PN', 'SH', 'ST', 'UC', 'UN', 'UT']);

type ReadNumber = (bytes: Buffer, at: number, little: boolean) => Value;
const NUMBERS: Readonly<Record<string, readonly [size: number, read: ReadNumber]>> = {
  US: [2, (b, at, little) => (little ? b.readUInt16LE(at) : b.readUInt16BE(at))],
  SS: [2, (b, at, little) => (little ? b.readInt16LE(at) : b.readInt16BE(at))],
  UL: [4, (b, at, little) => (little ? b.readUInt32LE(at) : b.readUInt32BE(at))],
  SL: [4, (b, at, little) => (little ? b.readInt32LE(at) : b.readInt32BE(at))],
  FL: [4, (b, at, little) => (little ? b.readFloatLE(at) : b.readFloatBE(at))],
  FD: [8, (b, at, little) => (little ? b.readDoubleLE(at) : b.readDoubleBE(at))],
  AT: [
    4,
    (b, at, little) =>
      little
        ? tagText(b.readUInt16LE(at) * 0x10000 + b.readUInt16LE(at + 2))
        : tagText(b.readUInt32BE(at)),
  ],
};

const PADDING = /[\0 ]+$/;

/** The whole value as text, padding removed; binary VRs without a text form give an empty one. */
const textOf = (element: Element, decoding: TextDecoding): string => {
  const text = EXTENDED_TEXTS.has(element.vr)
    ? decoding.decode(element.value, element.vr === 'PN')
    : element.value.toString('latin1');
  return text.replace(PADDING, '');
};

const numberOf = (text: string, integer: boolean): Value => {
  const trimmed = text.trim();
  const number = Number(trimmed);
  if (trimmed === '' || !Number.isFinite(number)) return text;
  return integer ? Math.trunc(number) : number;
};

/** The element's values; none when it is empty. */
export const valuesOf = (element: Element, decoding: TextDecoding): readonly Value[] => {
  const { vr, value, littleEndian } = element;
  const binary = NUMBERS[vr];
  if (binary !== undefined) {
    const [size, read] = binary;
    const count = Math.floor(value.length / size);
    return Array.from({ length: count }, (_, index) => read(value, index * size, littleEndian));
  }
  const text = textOf(element, decoding);
  if (text === '') return [];
  if (SINGLE_TEXTS.has(vr)) return [text];
  const parts = text.split('\\').map((part) => part.replace(PADDING, ''));
  switch (vr) {
    case 'IS':
    case 'DS':
      return parts.map((part) => numberOf(part, vr === 'IS'));
    case 'AE':
      return parts.map((part) => part.trim());
    default:
      return parts;
  }
};
