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

const PREAMBLE_BYTES = 128;
const SHORT_HEADER = 8;
const LONG_HEADER = 12;

/** Element with a 16-bit length; UI is padded with a null, everything else with a space (PS3.5 section 6.2). */
const shortElement = (element: number, vr: string, text: string): Buffer => {
  const value = Buffer.from(
    text.length % 2 === 0 ? text : text + (vr === 'UI' ? '\0' : ' '),
    'latin1',
  );
  const header = Buffer.alloc(SHORT_HEADER);
  header.writeUInt16LE(0x0002, 0);
  header.writeUInt16LE(element, 2);
  header.write(vr, 4, 'latin1');
  header.writeUInt16LE(value.length, 6);
  return Buffer.concat([header, value]);
};

const version = (): Buffer => {
  const element = Buffer.alloc(LONG_HEADER + 2);
  element.writeUInt16LE(0x0002, 0);
  element.writeUInt16LE(0x0001, 2);
  element.write('OB', 4, 'latin1');
  element.writeUInt32LE(2, 8);
  element.writeUInt16BE(0x0001, LONG_HEADER);
  return element;
};

const groupLength = (bytes: number): Buffer => {
  const element = Buffer.alloc(SHORT_HEADER + 4);
  element.writeUInt16LE(0x0002, 0);
  element.write('UL', 4, 'latin1');
  element.writeUInt16LE(4, 6);
  element.writeUInt32LE(bytes, SHORT_HEADER);
  return element;
};

/** Everything of the file that comes before the data set. */
export const part10Head = (meta: FileMeta): Buffer => {
  const group = Buffer.concat([
    version(),
    shortElement(0x0002, 'UI', meta.sopClassUid),
    shortElement(0x0003, 'UI', meta.sopInstanceUid),
    shortElement(0x0010, 'UI', meta.transferSyntaxUid),
    shortElement(0x0012, 'UI', IMPLEMENTATION_CLASS_UID),
    shortElement(0x0013, 'SH', IMPLEMENTATION_VERSION_NAME),
    shortElement(0x0016, 'AE', meta.callingAeTitle),
    shortElement(0x0018, 'AE', meta.calledAeTitle),
  ]);
  return Buffer.concat([
    Buffer.alloc(PREAMBLE_BYTES),
    Buffer.from('DICM', 'latin1'),
    groupLength(group.length),
    group,
  ]);
};
