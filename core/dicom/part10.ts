/**
 * What stands before a received data set in its file: preamble, prefix and File Meta Information, always in
 * Explicit VR Little Endian (PS3.10 section 7.1). The data set itself is never touched.
 */
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from './uid.ts';

export interface FileMeta {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  /** Source Application Entity Title (0002,0016): who sent it. */
  readonly callingAeTitle: string;
  /** Receiving Application Entity Title (0002,0018). */
  readonly calledAeTitle: string;
}

/** Written as characters of one byte each: one string becomes a buffer sooner than twenty fields are put into one. */
const u16 = (value: number): string => String.fromCharCode(value & 0xff, value >>> 8);

/** All of the group's values are of 16-bit length, and even (PS3.5 section 6.2); a UID is padded with a null. */
const element = (number: number, vr: string, text: string): string => {
  const padding = text.length % 2 === 0 ? '' : vr === 'UI' ? '\0' : ' ';
  return `\x02\0${u16(number)}${vr}${u16(text.length + padding.length)}${text}${padding}`;
};

const PREAMBLE_AND_PREFIX = `${'\0'.repeat(128)}DICM`;
/** File Meta Information Version (0002,0001), of the long form. */
const VERSION = `\x02\0\x01\0OB\0\0\x02\0\0\0\0\x01`;
const IMPLEMENTATION =
  element(0x0012, 'UI', IMPLEMENTATION_CLASS_UID) +
  element(0x0013, 'SH', IMPLEMENTATION_VERSION_NAME);

/** Everything of the file that comes before the data set. */
export const part10Head = (meta: FileMeta): Buffer => {
  const group =
    VERSION +
    element(0x0002, 'UI', meta.sopClassUid) +
    element(0x0003, 'UI', meta.sopInstanceUid) +
    element(0x0010, 'UI', meta.transferSyntaxUid) +
    IMPLEMENTATION +
    element(0x0016, 'AE', meta.callingAeTitle) +
    element(0x0018, 'AE', meta.calledAeTitle);
  const groupLength = element(0x0000, 'UL', u16(group.length) + u16(0));
  return Buffer.from(PREAMBLE_AND_PREFIX + groupLength + group, 'latin1');
};
