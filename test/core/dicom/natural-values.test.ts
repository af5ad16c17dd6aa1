/** Chosen attributes as plain objects, sequences included, whatever the encoding and however the stream is cut. */
import { describe, expect, it } from 'vitest';
import { createHeaderReader } from '../../../core/dicom/header-reader.ts';
import {
  AttributesUnreadable,
  naturalValues,
  tagsToRead,
} from '../../../core/dicom/natural-values.ts';
import {
  DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
  encodingOf,
  EXPLICIT_VR_BIG_ENDIAN,
  EXPLICIT_VR_LITTLE_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
} from '../../../core/dicom/transfer-syntaxes.ts';
import { text, writeDataSet, type WrittenElement } from '../../support/data-set-writer.ts';

const SYNTAXES = [
  IMPLICIT_VR_LITTLE_ENDIAN,
  EXPLICIT_VR_LITTLE_ENDIAN,
  EXPLICIT_VR_BIG_ENDIAN,
  DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
];

const sequence = (
  tag: number,
  undefinedLength: boolean,
  ...items: WrittenElement[][]
): WrittenElement => ({
  tag,
  vr: 'SQ',
  content: {
    kind: 'sequence',
    undefinedLength,
    items: items.map((elements) => ({ undefinedLength, elements })),
  },
});

const read = async (
  elements: readonly WrittenElement[],
  keywords: readonly string[],
  syntax = EXPLICIT_VR_LITTLE_ENDIAN,
  pieceLength = 7,
) => {
  const bytes = writeDataSet(elements, encodingOf(syntax));
  const reader = createHeaderReader(syntax, tagsToRead(keywords));
  for (let at = 0; at < bytes.length && !reader.finished; at += pieceLength) {
    await reader.write(bytes.subarray(at, at + pieceLength));
  }
  return naturalValues(await reader.end(), keywords);
};

describe('natural values', () => {
  it.each(SYNTAXES.flatMap((syntax) => [true, false].map((open) => [syntax, open] as const)))(
    'read sequences within sequences in %s, of undefined length: %s',
    async (syntax, undefinedLength) => {
      const elements = [
        text(0x00080060, 'CS', 'CT'),
        sequence(
          0x00400275,
          undefinedLength,
          [
            text(0x00400007, 'LO', 'Thorax'),
            sequence(0x00400008, undefinedLength, [text(0x00080100, 'SH', 'CODE1')]),
            text(0x00400009, 'SH', 'STEP1'),
          ],
          [text(0x00400009, 'SH', 'STEP2')],
        ),
        text(0x00540081, 'US', ''),
      ];

      const values = await read(
        elements,
        [
          ...['Modality', 'RequestAttributesSequence', 'ScheduledProcedureStepID'],
          ...['ScheduledProtocolCodeSequence', 'CodeValue', 'NumberOfSlices'],
        ],
        syntax,
      );

      expect(values).toEqual({
        Modality: 'CT',
        RequestAttributesSequence: [
          {
            ScheduledProcedureStepID: 'STEP1',
            ScheduledProtocolCodeSequence: [{ CodeValue: 'CODE1' }],
          },
          { ScheduledProcedureStepID: 'STEP2' },
        ],
      });
    },
  );

  it('have the formats of the header documents', async () => {
    const values = await read(
      [
        text(0x00080008, 'CS', 'ORIGINAL\\PRIMARY'),
        text(0x00100010, 'PN', 'Doe^Jane=漢'.slice(0, 8)),
        text(0x00101010, 'AS', '054Y'),
        text(0x00180050, 'DS', '1.25'),
      ],
      ['ImageType', 'PatientName', 'PatientAge', 'SliceThickness', 'KVP'],
    );

    expect(values).toEqual({
      ImageType: ['ORIGINAL', 'PRIMARY'],
      PatientName: 'Doe^Jane',
      PatientAge: 54,
      SliceThickness: 1.25,
    });
  });

  it('are never taken for missing when they are too long or cut off', async () => {
    const long = text(0x00104000, 'LT', 'x'.repeat(50_000));
    const longSequence = sequence(0x00400275, true, [text(0x00400007, 'LO', 'x'.repeat(60_000))]);
    const cut = writeDataSet([text(0x00080060, 'CS', 'CT')], encodingOf(EXPLICIT_VR_LITTLE_ENDIAN));
    const reader = createHeaderReader(EXPLICIT_VR_LITTLE_ENDIAN, tagsToRead(['Modality']));
    await reader.write(cut.subarray(0, 9));
    const header = await reader.end();

    await expect(read([long], ['PatientComments'])).rejects.toThrow(AttributesUnreadable);
    await expect(
      read([longSequence], ['RequestAttributesSequence'], IMPLICIT_VR_LITTLE_ENDIAN),
    ).rejects.toThrow(/too long/);
    expect(() => naturalValues(header, ['Modality'])).toThrow(AttributesUnreadable);
  });
});
