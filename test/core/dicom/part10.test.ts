import { describe, expect, it } from 'vitest';
import { part10Head } from '../../../core/dicom/part10.ts';
import { createElementParser } from '../../../core/dicom/element-parser.ts';

const META = {
  sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
  sopInstanceUid: '1.2.3',
  transferSyntaxUid: '1.2.840.10008.1.2.4.50',
  callingAeTitle: 'CT1',
  calledAeTitle: 'GANTRY',
};

describe('Part 10 head', () => {
  it('is a preamble, the prefix and a File Meta group with its length (PS3.10 table 7.1-1)', () => {
    const head = part10Head(META);

    const group = head.subarray(132);
    expect(head.subarray(0, 128).every((byte) => byte === 0)).toBe(true);
    expect(head.toString('latin1', 128, 132)).toBe('DICM');
    // (0002,0000) UL 4 bytes: what follows it.
    expect(group.toString('hex', 0, 8)).toBe('02000000554c0400');
    expect(group.readUInt32LE(8)).toBe(group.length - 12);
    // (0002,0001) OB, 2 bytes: 00 01.
    expect(group.toString('hex', 12, 26)).toBe('020001004f420000020000000001');
  });

  it('names instance, transfer syntax, writer and both AE titles, padded to even lengths', () => {
    const tags = [0x00020002, 0x00020003, 0x00020010, 0x00020013, 0x00020016, 0x00020018];
    const parser = createElementParser(
      { implicitVr: false, littleEndian: true },
      new Set([...tags, 0x00030000]),
    );

    parser.write(part10Head(META).subarray(132));

    const { elements } = parser.result();
    expect(tags.map((tag) => elements.get(tag)?.value.toString('latin1'))).toEqual([
      '1.2.840.10008.5.1.4.1.1.2\0',
      '1.2.3\0',
      '1.2.840.10008.1.2.4.50',
      'GANTRY_1',
      'CT1 ',
      'GANTRY',
    ]);
  });
});
