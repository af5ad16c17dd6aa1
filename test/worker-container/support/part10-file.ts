/** A small Part 10 file, explicit VR little endian, written by hand. */
import { createHash } from 'node:crypto';

const EXPLICIT_LITTLE_ENDIAN = '1.2.840.10008.1.2.1';
export const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7';

const element = (group: number, number: number, vr: string, text: string): Buffer => {
  const padding = text.length % 2 === 0 ? '' : vr === 'UI' ? '\0' : ' ';
  const value = Buffer.from(text + padding, 'latin1');
  const header = Buffer.alloc(8);
  header.writeUInt16LE(group, 0);
  header.writeUInt16LE(number, 2);
  header.write(vr, 4, 'latin1');
  header.writeUInt16LE(value.length, 6);
  return Buffer.concat([header, value]);
};

export interface Part10File {
  readonly bytes: Buffer;
  /** Of the data set alone. */
  readonly sha256: string;
}

export const part10File = (uids: { sop: string; study: string; series: string }): Part10File => {
  const dataSet = Buffer.concat([
    element(0x0008, 0x0016, 'UI', SECONDARY_CAPTURE),
    element(0x0008, 0x0018, 'UI', uids.sop),
    element(0x0010, 0x0010, 'PN', 'Roe^Richard'),
    element(0x0010, 0x0020, 'LO', 'P1'),
    element(0x0020, 0x000d, 'UI', uids.study),
    element(0x0020, 0x000e, 'UI', uids.series),
  ]);
  const meta = Buffer.concat([
    element(0x0002, 0x0002, 'UI', SECONDARY_CAPTURE),
    element(0x0002, 0x0003, 'UI', uids.sop),
    element(0x0002, 0x0010, 'UI', EXPLICIT_LITTLE_ENDIAN),
  ]);
  const groupLength = Buffer.from([2, 0, 0, 0, 0x55, 0x4c, 4, 0, 0, 0, 0, 0]);
  groupLength.writeUInt32LE(meta.length, 8);
  return {
    bytes: Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), groupLength, meta, dataSet]),
    sha256: createHash('sha256').update(dataSet).digest('hex'),
  };
};
