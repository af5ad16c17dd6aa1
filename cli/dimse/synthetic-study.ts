/**
 * A study of nobody, as files to send: three small CT images with an invented patient, new UIDs each time, and a
 * ramp of grey as pixels. For asking a deployment whether the whole way works.
 */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  encodeDataSet,
  u16Element,
  uidElement,
  type MessageDataSet,
  type MessageElement,
} from '../../core/dimse/data-set.ts';
import { part10Head } from '../../core/dicom/part10.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN } from '../../core/dicom/transfer-syntaxes.ts';

const CT_IMAGE_STORAGE = '1.2.840.10008.5.1.4.1.1.2';
const IMAGES = 3;
const ROWS = 16;

/** Patient ID (0010,0020) by which the study is recognised and forgiven. */
export const DOCTOR_PATIENT_ID = 'GANTRY-DOCTOR';

export interface SyntheticStudy {
  readonly studyInstanceUid: string;
  readonly files: readonly string[];
}

/** Derived from a UUID (PS3.5 section B.2). */
const newUid = (): string => `2.25.${BigInt(`0x${randomUUID().replaceAll('-', '')}`)}`;

/** Text of an even length (PS3.5 section 6.2). */
const value = (vr: string, text: string): MessageElement => ({
  kind: 'value',
  vr,
  value: Buffer.from(text.length % 2 === 0 ? text : `${text} `, 'latin1'),
});

const pixels = (): MessageElement => {
  const ramp = Buffer.alloc(ROWS * ROWS * 2);
  for (let index = 0; index < ROWS * ROWS; index += 1) ramp.writeUInt16LE(index, 2 * index);
  return { kind: 'value', vr: 'OW', value: ramp };
};

const image = (study: string, series: string, instance: string, number: number): MessageDataSet =>
  new Map([
    [0x00080016, uidElement(CT_IMAGE_STORAGE)],
    [0x00080018, uidElement(instance)],
    [0x00080020, value('DA', '20000101')],
    [0x00080030, value('TM', '120000')],
    [0x00080050, value('SH', '')],
    [0x00080060, value('CS', 'CT')],
    [0x00080070, value('LO', 'Gantry')],
    [0x00080090, value('PN', '')],
    [0x00100010, value('PN', 'DOCTOR^GANTRY')],
    [0x00100020, value('LO', DOCTOR_PATIENT_ID)],
    [0x00100030, value('DA', '')],
    [0x00100040, value('CS', 'O')],
    [0x0020000d, uidElement(study)],
    [0x0020000e, uidElement(series)],
    [0x00200010, value('SH', '1')],
    [0x00200011, value('IS', '1')],
    [0x00200013, value('IS', String(number))],
    [0x00280002, u16Element(1)],
    [0x00280004, value('CS', 'MONOCHROME2')],
    [0x00280010, u16Element(ROWS)],
    [0x00280011, u16Element(ROWS)],
    [0x00280100, u16Element(16)],
    [0x00280101, u16Element(16)],
    [0x00280102, u16Element(15)],
    [0x00280103, u16Element(0)],
    [0x7fe00010, pixels()],
  ]);

/** Writes its files into `folder`, which the caller owns. */
export const writeSyntheticStudy = async (
  folder: string,
  callingAeTitle: string,
  calledAeTitle: string,
): Promise<SyntheticStudy> => {
  const study = newUid();
  const series = newUid();
  const files: string[] = [];
  for (let number = 1; number <= IMAGES; number += 1) {
    const instance = newUid();
    const head = part10Head({
      ...{ callingAeTitle, calledAeTitle },
      sopClassUid: CT_IMAGE_STORAGE,
      sopInstanceUid: instance,
      transferSyntaxUid: EXPLICIT_VR_LITTLE_ENDIAN,
    });
    const dataSet = encodeDataSet(image(study, series, instance, number), 'explicit');
    const file = join(folder, `${number}.dcm`);
    await writeFile(file, Buffer.concat([head, dataSet]));
    files.push(file);
  }
  return { studyInstanceUid: study, files };
};
