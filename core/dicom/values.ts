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

/** A value is padded with a null or spaces. A loop: there are some dozens to be looked at in every instance. */
const withoutPadding = (text: string): string => {
  let end = text.length;
  while (end > 0 && (text[end - 1] === ' ' || text[end - 1] === '\0')) end -= 1;
  return end === text.length ? text : text.slice(0, end);
};

/** The whole value as text, padding removed; binary VRs without a text form give an empty one. */
const textOf = (value: Buffer, vr: string, decoding: TextDecoding): string =>
  withoutPadding(
    EXTENDED_TEXTS.has(vr) ? decoding.decode(value, vr === 'PN') : value.toString('latin1'),
  );

const numberOf = (text: string, integer: boolean): Value => {
  const trimmed = text.trim();
  const number = Number(trimmed);
  if (trimmed === '' || !Number.isFinite(number)) return text;
  return integer ? Math.trunc(number) : number;
};

/** The element's values; none when it is empty. `vr`: what it is read as, if not as what it says that it is. */
export const valuesOf = (
  { value, littleEndian, vr: own }: Element,
  decoding: TextDecoding,
  vr = own,
): readonly Value[] => {
  const binary = NUMBERS[vr];
  if (binary !== undefined) {
    const [size, read] = binary;
    const count = Math.floor(value.length / size);
    return Array.from({ length: count }, (_, index) => read(value, index * size, littleEndian));
  }
  const text = textOf(value, vr, decoding);
  if (text === '') return [];
  if (SINGLE_TEXTS.has(vr)) return [text];
  const parts = text.includes('\\') ? text.split('\\').map(withoutPadding) : [text];
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
