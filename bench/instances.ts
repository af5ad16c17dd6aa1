/** Instances to send: files of a study, and one data set too large for memory, made while it is sent. */
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { part10Head } from '../core/dicom/part10.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN } from '../core/dicom/transfer-syntaxes.ts';
import { CT_IMAGE, dataSetOf } from '../test/support/received-instances.ts';

/** Derived from a UUID (PS3.5 section B.2). */
export const newUid = (): string => `2.25.${BigInt(`0x${randomUUID().replaceAll('-', '')}`)}`;

export interface StudyFiles {
  readonly studyInstanceUid: string;
  readonly files: readonly string[];
}

/** One series of as many images, each with `pixelBytes` of Pixel Data; the files are left to whoever owns `folder`. */
export const writeStudy = (folder: string, images: number, pixelBytes: number): StudyFiles => {
  const studyInstanceUid = newUid();
  const seriesInstanceUid = newUid();
  const files = Array.from({ length: images }, (_, index) => {
    const sopInstanceUid = newUid();
    const head = part10Head({
      sopClassUid: CT_IMAGE,
      sopInstanceUid,
      transferSyntaxUid: EXPLICIT_VR_LITTLE_ENDIAN,
      callingAeTitle: 'BENCH',
      calledAeTitle: 'BENCH',
    });
    const dataSet = dataSetOf({
      ...{ sopInstanceUid, studyInstanceUid, seriesInstanceUid },
      pixels: pixelBytes,
    });
    const file = join(folder, `${studyInstanceUid}-${String(index).padStart(4, '0')}.dcm`);
    writeFileSync(file, Buffer.concat([head, dataSet]));
    return file;
  });
  return { studyInstanceUid, files };
};

export interface LargeInstance {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  /** Of the data set, in bytes. */
  readonly length: number;
  pieces(pieceLength: number): AsyncIterable<Buffer>;
}

/** `pixelBytes` of zeros as Pixel Data, of which no more than a piece is ever in memory. */
export const largeInstance = (pixelBytes: number): LargeInstance => {
  const sopInstanceUid = newUid();
  const beginning = dataSetOf({ sopInstanceUid, studyInstanceUid: newUid(), pixels: 0 });
  // Pixel Data is the last element; the length of a value of VR OW is a 32-bit field right before it.
  beginning.writeUInt32LE(pixelBytes, beginning.length - 4);
  return {
    sopClassUid: CT_IMAGE,
    sopInstanceUid,
    transferSyntaxUid: EXPLICIT_VR_LITTLE_ENDIAN,
    length: beginning.length + pixelBytes,
    pieces: async function* (pieceLength) {
      yield beginning;
      const zeros = Buffer.alloc(pieceLength);
      for (let left = pixelBytes; left > 0; left -= pieceLength) {
        yield await Promise.resolve(zeros.subarray(0, Math.min(left, pieceLength)));
      }
    },
  };
};
