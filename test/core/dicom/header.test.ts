/** Attributes of dcm-processor's headers, and key values, from small data sets. */
import { describe, expect, it } from 'vitest';
import { instanceHeader, wantedTags } from '../../../core/dicom/header.ts';
import { createHeaderReader } from '../../../core/dicom/header-reader.ts';
import { encodingOf, EXPLICIT_VR_LITTLE_ENDIAN } from '../../../core/dicom/transfer-syntaxes.ts';
import { text, writeDataSet, type WrittenElement } from '../../support/data-set-writer.ts';

const headerOf = async (elements: readonly WrittenElement[], groupBy: string[] = []) => {
  const reader = createHeaderReader(EXPLICIT_VR_LITTLE_ENDIAN, wantedTags(groupBy));
  await reader.write(writeDataSet(elements, encodingOf(EXPLICIT_VR_LITTLE_ENDIAN)));
  return instanceHeader(await reader.end());
};

describe('instance header', () => {
  it('gives numbers for IS and DS, lists for several values, digits for an age, nothing for empty ones', async () => {
    const { attributes } = await headerOf([
      text(0x00081070, 'PN', 'Op^One\\Op^Two'),
      text(0x00100010, 'PN', 'Doe^Jane'),
      text(0x00101010, 'AS', '018M'),
      text(0x00101020, 'DS', '1.75'),
      text(0x00101030, 'DS', '7e1 '),
      text(0x00180015, 'CS', ''),
      text(0x00200011, 'IS', '3 '),
    ]);

    expect(attributes).toEqual({
      OperatorsName: ['Op^One', 'Op^Two'],
      PatientName: 'Doe^Jane',
      PatientAge: 18,
      PatientSize: 1.75,
      PatientWeight: 70,
      SeriesNumber: 3,
    });
  });

  it('leaves a number that cannot be read as the text that it is', async () => {
    const { attributes } = await headerOf([
      text(0x00101030, 'DS', 'heavy'),
      text(0x00101010, 'AS', 'old '),
    ]);

    expect(attributes).toEqual({ PatientWeight: 'heavy' });
  });

  it('is not overwritten by the same attribute in a sequence', async () => {
    const nested: WrittenElement = {
      tag: 0x00081140,
      vr: 'SQ',
      content: {
        kind: 'sequence',
        undefinedLength: true,
        items: [{ undefinedLength: true, elements: [text(0x00100020, 'LO', 'WRONG')] }],
      },
    };

    const header = await headerOf([nested, text(0x00100020, 'LO', ' P1 ')]);

    expect(header.text('PatientID')).toBe('P1');
  });

  it('reads any attribute that an AE title groups by, also binary ones', async () => {
    const rows: WrittenElement = {
      tag: 0x00280010,
      vr: 'US',
      content: { kind: 'value', bytes: Buffer.from([0x00, 0x02]) },
    };

    const header = await headerOf(
      [text(0x00400253, 'SH', 'STEP'), rows].toSorted((a, b) => a.tag - b.tag),
      ['Rows'],
    );

    expect(header.text('Rows')).toBe('512');
    expect(header.text('AccessionNumber')).toBeUndefined();
  });

  it('takes the alphabetic group of a name, in the character set that the data set names', async () => {
    const utf8 = Buffer.from('Wang^XiaoDong=王^小东', 'utf8');
    const { attributes } = await headerOf([
      text(0x00080005, 'CS', 'ISO_IR 192'),
      { tag: 0x00100010, vr: 'PN', content: { kind: 'value', bytes: utf8 } },
      {
        tag: 0x00104000,
        vr: 'LT',
        content: { kind: 'value', bytes: Buffer.from('a\\b größe', 'utf8') },
      },
    ]);

    expect(attributes).toEqual({ PatientName: 'Wang^XiaoDong', PatientComments: 'a\\b größe' });
  });

  it('never throws on text that its character set cannot have', async () => {
    const { attributes } = await headerOf([
      text(0x00080005, 'CS', 'ISO_IR 192'),
      text(0x00100020, 'LO', 'P\xff\xfe1'),
    ]);

    expect(attributes['PatientID']).toMatch(/^P.+1$/);
  });
});
