/** Which files can be sent, and what is said of those that cannot. */
import { describe, expect, it } from 'vitest';
import { NotSendable, readDataSet, readPart10 } from '../../../cli/dimse/part10-file.ts';
import {
  CT_IMAGE_STORAGE,
  EXPLICIT_LITTLE,
  aPart10File,
  temporaryFolder,
  writeInto,
} from './files.ts';

describe('a DICOM file', () => {
  it('is known by its File Meta group, and its data set is read as it is', async () => {
    const dataSet = Buffer.from(Array.from({ length: 1001 }, (_, index) => index % 256));
    const path = writeInto(temporaryFolder(), 'a.dcm', aPart10File({ dataSet }));

    const file = await readPart10(path);
    const pieces: Buffer[] = [];
    for await (const piece of readDataSet(file, 100)) pieces.push(piece);

    expect(file).toMatchObject({
      sopClassUid: CT_IMAGE_STORAGE,
      sopInstanceUid: '1.2.3.4',
      transferSyntaxUid: EXPLICIT_LITTLE,
      dataSetLength: 1001,
    });
    expect(pieces.map((piece) => piece.length)).toEqual([...Array<number>(10).fill(100), 1]);
    expect(Buffer.concat(pieces)).toEqual(dataSet);
  });
});

describe('a file cannot be sent', () => {
  it.each([
    { what: 'that is text', content: 'Dear radiologist,', why: 'not a DICOM file' },
    { what: 'that is empty', content: '', why: 'not a DICOM file' },
    {
      what: 'that ends in its File Meta group',
      content: aPart10File().subarray(0, 190),
      why: 'cut off',
    },
    {
      what: 'that has no data set',
      content: aPart10File({ dataSet: Buffer.alloc(0) }),
      why: 'no data set',
    },
    {
      what: 'without a transfer syntax',
      content: aPart10File({ transferSyntaxUid: '' }),
      why: 'no usable Transfer Syntax UID',
    },
    {
      what: 'that is a DICOMDIR',
      content: aPart10File({ sopClassUid: '1.2.840.10008.1.3.10' }),
      why: 'DICOMDIR',
    },
  ])('$what', async ({ content, why }) => {
    const path = writeInto(temporaryFolder(), 'file', content);

    const reading = readPart10(path);

    await expect(reading).rejects.toThrow(NotSendable);
    await expect(reading).rejects.toThrow(why);
  });

  it('that is not there', async () => {
    await expect(readPart10('/nowhere/file.dcm')).rejects.toThrow('ENOENT');
  });
});
