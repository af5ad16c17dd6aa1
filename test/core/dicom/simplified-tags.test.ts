/** Headers in the form of Orthanc's simplified tags. */
import { describe, expect, it } from 'vitest';
import { createHeaderReader } from '../../../core/dicom/header-reader.ts';
import { simplifiedTagNumbers, simplifiedTags } from '../../../core/dicom/simplified-tags.ts';
import {
  encodingOf,
  EXPLICIT_VR_LITTLE_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
} from '../../../core/dicom/transfer-syntaxes.ts';
import { text, writeDataSet, type WrittenElement } from '../../support/data-set-writer.ts';

const value = (tag: number, vr: string, bytes: Uint8Array): WrittenElement => ({
  tag,
  vr,
  content: { kind: 'value', bytes },
});

const read = async (elements: readonly WrittenElement[], syntax: string) => {
  const reader = createHeaderReader(syntax, simplifiedTagNumbers());
  await reader.write(writeDataSet(elements, encodingOf(syntax)));
  return simplifiedTags(await reader.end());
};

describe('simplified tags', () => {
  it.each([EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN])(
    'are texts as they are written, several values with backslashes, in %s',
    async (syntax) => {
      const elements = [
        text(0x00080005, 'CS', 'ISO_IR 100'),
        text(0x00080008, 'CS', 'ORIGINAL\\PRIMARY'),
        text(0x00080060, 'CS', 'CT'),
        value(0x00100010, 'PN', Buffer.from('M\xfcller^Jo ', 'latin1')),
        text(0x00101010, 'AS', '018M'),
        text(0x00180050, 'DS', '2.50'),
        text(0x00200011, 'IS', '003 '),
        value(0x00280010, 'US', Buffer.from([0x00, 0x02])),
      ];

      expect(await read(elements, syntax)).toEqual({
        SpecificCharacterSet: 'ISO_IR 100',
        ImageType: 'ORIGINAL\\PRIMARY',
        Modality: 'CT',
        PatientName: 'Müller^Jo',
        PatientAge: '018M',
        SliceThickness: '2.50',
        SeriesNumber: '003',
        Rows: '512',
      });
    },
  );

  it('leave out what is empty, private, a sequence, or too long to be kept', async () => {
    const sequence: WrittenElement = {
      tag: 0x00081140,
      vr: 'SQ',
      content: {
        kind: 'sequence',
        undefinedLength: false,
        items: [{ undefinedLength: false, elements: [text(0x00081155, 'UI', '1.2')] }],
      },
    };
    const elements = [
      text(0x00080060, 'CS', 'CT'),
      text(0x00081030, 'LO', ''),
      sequence,
      text(0x00104000, 'LT', 'x'.repeat(50_000)),
      text(0x00110010, 'LO', 'A MAKER'),
      text(0x0020000d, 'UI', '1.2.3'),
    ];

    expect(await read(elements, EXPLICIT_VR_LITTLE_ENDIAN)).toEqual({
      Modality: 'CT',
      StudyInstanceUID: '1.2.3',
    });
  });
});
