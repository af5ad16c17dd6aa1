/**
 * The head of a DICOM file (PS3.10 section 7.1): just enough of the File Meta group to send what follows it,
 * byte for byte, in the file's own transfer syntax. The data set is not looked at.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { isUidLike } from '../../core/dicom/uid.ts';

export interface Part10File {
  readonly path: string;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  /** Where the data set begins, and how long it is, in bytes. */
  readonly dataSetOffset: number;
  readonly dataSetLength: number;
}

/** The file cannot be sent; the message says why, for a person. */
export class NotSendable extends Error {
  override readonly name = 'NotSendable';
  readonly path: string;

  constructor(path: string, why: string) {
    super(why);
    this.path = path;
  }
}

const PREAMBLE_LENGTH = 128;
const PREFIX = 'DICM';
const META_START = PREAMBLE_LENGTH + PREFIX.length;
const META_GROUP = 0x0002;
/** Element header with a 16-bit length; those of OB and the like are 4 bytes longer. */
const SHORT_HEADER = 8;
const LONG_HEADER = 12;
const LONG_VRS = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'UC', 'UN', 'UR', 'UT']);
/** Far more than a File Meta group has. */
const HEAD_LENGTH = 64 * 1024;

const DIRECTORY_STORAGE = '1.2.840.10008.1.3.10';

const readMetaGroup = (path: string, head: Buffer) => {
  const values = new Map<number, string>();
  let offset = META_START;
  while (head.length - offset >= SHORT_HEADER && head.readUInt16LE(offset) === META_GROUP) {
    const vr = head.toString('latin1', offset + 4, offset + 6);
    const long = LONG_VRS.has(vr);
    const start = offset + (long ? LONG_HEADER : SHORT_HEADER);
    if (start > head.length) throw new NotSendable(path, 'its File Meta group is cut off');
    const length = long ? head.readUInt32LE(offset + 8) : head.readUInt16LE(offset + 6);
    if (length > head.length - start) {
      throw new NotSendable(path, 'its File Meta group is cut off or damaged');
    }
    values.set(
      head.readUInt16LE(offset + 2),
      head.toString('latin1', start, start + length).replace(/[\0 ]+$/, ''),
    );
    offset = start + length;
  }
  return { values, end: offset };
};

const readHead = async (file: FileHandle): Promise<Buffer> => {
  const head = Buffer.alloc(HEAD_LENGTH);
  let length = 0;
  for (;;) {
    const { bytesRead } = await file.read(head, length, HEAD_LENGTH - length, length);
    length += bytesRead;
    if (bytesRead === 0 || length === HEAD_LENGTH) return head.subarray(0, length);
  }
};

/** Throws NotSendable. */
export const readPart10 = async (path: string): Promise<Part10File> => {
  const file = await open(path).catch((error: unknown) => {
    throw new NotSendable(
      path,
      `it cannot be read (${(error as NodeJS.ErrnoException).code ?? ''})`,
    );
  });
  try {
    const head = await readHead(file);
    if (head.toString('latin1', PREAMBLE_LENGTH, META_START) !== PREFIX) {
      throw new NotSendable(path, 'it is not a DICOM file: no DICM after a preamble of 128 bytes');
    }
    const { values, end } = readMetaGroup(path, head);
    const uid = (element: number, name: string): string => {
      const value = values.get(element) ?? '';
      if (isUidLike(value)) return value;
      throw new NotSendable(path, `its File Meta group has no usable ${name}`);
    };
    const sopClassUid = uid(0x0002, 'Media Storage SOP Class UID');
    if (sopClassUid === DIRECTORY_STORAGE) {
      throw new NotSendable(path, 'it is a DICOMDIR, which stays on its medium');
    }
    const { size } = await file.stat();
    if (size <= end) throw new NotSendable(path, 'it has no data set');
    return {
      path,
      sopClassUid,
      sopInstanceUid: uid(0x0003, 'Media Storage SOP Instance UID'),
      transferSyntaxUid: uid(0x0010, 'Transfer Syntax UID'),
      dataSetOffset: end,
      dataSetLength: size - end,
    };
  } finally {
    await file.close();
  }
};

/** The data set in pieces of at most `pieceLength` bytes. Throws NotSendable if the file became shorter. */
export async function* readDataSet(
  source: Part10File,
  pieceLength: number,
): AsyncGenerator<Buffer, void, undefined> {
  const file = await open(source.path);
  try {
    let sent = 0;
    while (sent < source.dataSetLength) {
      const length = Math.min(pieceLength, source.dataSetLength - sent);
      const piece = Buffer.allocUnsafe(length);
      let filled = 0;
      while (filled < length) {
        const position = source.dataSetOffset + sent + filled;
        const { bytesRead } = await file.read(piece, filled, length - filled, position);
        if (bytesRead === 0)
          throw new NotSendable(source.path, 'it became shorter while it was sent');
        filled += bytesRead;
      }
      sent += length;
      yield piece;
    }
  } finally {
    await file.close();
  }
}
