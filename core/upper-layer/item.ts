/** The frame of every item and sub-item (PS3.8 section 9.3.2): type, a reserved byte, length, value. */
import type { ByteReader } from './byte-reader.ts';

/** Item-type, the first byte of each item and sub-item (PS3.8 section 9.3, PS3.7 annex D.3.3). */
export const ITEM_TYPE = {
  applicationContext: 0x10,
  proposedContext: 0x20,
  answeredContext: 0x21,
  abstractSyntax: 0x30,
  transferSyntax: 0x40,
  userInformation: 0x50,
  maximumLength: 0x51,
  implementationClassUid: 0x52,
  asynchronousOperations: 0x53,
  roleSelection: 0x54,
  implementationVersionName: 0x55,
  extendedNegotiation: 0x56,
  commonExtendedNegotiation: 0x57,
  userIdentityRequest: 0x58,
  userIdentityResponse: 0x59,
} as const;

const NAMES = new Map<number, string>(
  Object.entries(ITEM_TYPE).map(([name, type]) => [
    type,
    `${name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)} item`,
  ]),
);

/**
 * Beside one another: four times the 128 presentation contexts that there can be. A request of a megabyte has room for
 * 250,000 empty ones, and whoever reads those keeps every other association waiting.
 */
const MAXIMUM_ITEMS = 512;

/** Calls `visit` for each item up to the reader's end, with a reader of the item's value. */
export const forEachItem = (
  reader: ByteReader,
  visit: (type: number, value: ByteReader, length: number) => void,
): void => {
  for (let items = 1; reader.remaining > 0; items += 1) {
    if (items > MAXIMUM_ITEMS) reader.fail('items', `at most ${MAXIMUM_ITEMS}`, 'more');
    const type = reader.u8('item type');
    reader.skip(1);
    const length = reader.u16('item length');
    visit(type, reader.nested(length, NAMES.get(type) ?? `item ${type.toString(16)}H`), length);
  }
};

export const encodeItem = (type: number, ...value: readonly Buffer[]): Buffer => {
  const length = value.reduce((sum, part) => sum + part.length, 0);
  const header = Buffer.alloc(4);
  header.writeUInt8(type, 0);
  header.writeUInt16BE(length, 2);
  return Buffer.concat([header, ...value]);
};

export const u16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
};

export const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/** UIDs and names travel without padding here (PS3.8 annex F), unlike in data sets. */
export const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');

/** A field preceded by its length in two bytes. */
export const counted = (value: Buffer): Buffer => Buffer.concat([u16(value.length), value]);
