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

const PREFIX_BYTES = 128 + 4;
const SHORT_HEADER = 8;
const LONG_HEADER = 12;
/** File Meta Information Group Length (0002,0000), and File Meta Information Version (0002,0001). */
const GROUP_LENGTH_BYTES = SHORT_HEADER + 4;
const VERSION_BYTES = LONG_HEADER + 2;

/** All of the group's values are of 16-bit length, and even (PS3.5 section 6.2). */
const paddedLength = (text: string): number => text.length + (text.length % 2);

/** Everything of the file that comes before the data set. */
export const part10Head = (meta: FileMeta): Buffer => {
  const texts: readonly (readonly [element: number, vr: string, text: string])[] = [
    [0x0002, 'UI', meta.sopClassUid],
    [0x0003, 'UI', meta.sopInstanceUid],
    [0x0010, 'UI', meta.transferSyntaxUid],
    [0x0012, 'UI', IMPLEMENTATION_CLASS_UID],
    [0x0013, 'SH', IMPLEMENTATION_VERSION_NAME],
    [0x0016, 'AE', meta.callingAeTitle],
    [0x0018, 'AE', meta.calledAeTitle],
  ];
  let groupLength = VERSION_BYTES;
  for (const [, , text] of texts) groupLength += SHORT_HEADER + paddedLength(text);
  // Zeros are the preamble, and the padding of a UID.
  const head = Buffer.alloc(PREFIX_BYTES + GROUP_LENGTH_BYTES + groupLength);
  head.write('DICM', PREFIX_BYTES - 4, 'latin1');

  let at = PREFIX_BYTES;
  const header = (element: number, vr: string): void => {
    head.writeUInt16LE(0x0002, at);
    head.writeUInt16LE(element, at + 2);
    head.write(vr, at + 4, 'latin1');
  };
  header(0x0000, 'UL');
  head.writeUInt16LE(4, at + 6);
  head.writeUInt32LE(groupLength, at + SHORT_HEADER);
  at += GROUP_LENGTH_BYTES;
  header(0x0001, 'OB');
  head.writeUInt32LE(2, at + 8);
  head.writeUInt16BE(0x0001, at + LONG_HEADER);
  at += VERSION_BYTES;
  for (const [element, vr, text] of texts) {
    const length = paddedLength(text);
    header(element, vr);
    head.writeUInt16LE(length, at + 6);
    at += SHORT_HEADER;
    head.write(text, at, 'latin1');
    if (length > text.length && vr !== 'UI') head.write(' ', at + text.length, 'latin1');
    at += length;
  }
  return head;
};
