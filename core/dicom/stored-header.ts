/** Reads attributes of stored instances again, from the first bytes of their Part 10 files. */
import type { ObjectStore } from '../contracts/ports.ts';
import { forEach, limiter } from '../running/concurrency.ts';
import type { ParsedHeader } from './element-parser.ts';
import { createHeaderReader } from './header-reader.ts';
import { naturalValues, tagsToRead, type NaturalValues } from './natural-values.ts';

/** Preamble, `DICM`, and the element (0002,0000), whose value is the length of what follows of its group. */
const FIXED_HEAD = 128 + 4 + 12;

/** Most headers end well before; one that does not is read again from its beginning, as far as it goes. */
const FIRST_BYTES = 64 * 1024;

const OBJECTS_AT_A_TIME = 32;

export interface StoredFile {
  readonly objectKey: string;
  readonly transferSyntaxUid: string;
}

/** `chunks` are those of the file, from its first byte on; no more of them is taken than is needed. */
export const readFileHeader = async (
  chunks: AsyncIterable<unknown>,
  transferSyntaxUid: string,
  wanted: ReadonlySet<number>,
): Promise<{ readonly header: ParsedHeader; readonly finished: boolean }> => {
  const reader = createHeaderReader(transferSyntaxUid, wanted);
  try {
    let head: Buffer | undefined = Buffer.alloc(0);
    for await (const chunk of chunks) {
      let dataSet = chunk as Buffer;
      if (head !== undefined) {
        head = Buffer.concat([head, dataSet]);
        if (head.length < FIXED_HEAD) continue;
        const length = FIXED_HEAD + head.readUInt32LE(FIXED_HEAD - 4);
        if (head.length < length) continue;
        dataSet = head.subarray(length);
        head = undefined;
      }
      await reader.write(dataSet);
      if (reader.finished) break;
    }
    const { finished } = reader;
    return { header: await reader.end(), finished };
  } finally {
    reader.close();
  }
};

/** The wanted elements of one file. */
export const storedHeader = async (
  objects: Pick<ObjectStore, 'getStream'>,
  { objectKey, transferSyntaxUid }: StoredFile,
  wanted: ReadonlySet<number>,
): Promise<ParsedHeader> => {
  const first = await objects.getStream(objectKey, FIRST_BYTES);
  const { header, finished } = await readFileHeader(first, transferSyntaxUid, wanted);
  if (finished) return header;
  const whole = await objects.getStream(objectKey);
  return (await readFileHeader(whole, transferSyntaxUid, wanted)).header;
};

/** In the order of the files. Throws AttributesUnreadable. */
export const storedAttributes = async (
  objects: Pick<ObjectStore, 'getStream'>,
  files: readonly StoredFile[],
  keywords: ReadonlySet<string>,
): Promise<readonly NaturalValues[]> => {
  const wanted = tagsToRead(keywords);
  const values: NaturalValues[] = [];
  const limit = limiter(OBJECTS_AT_A_TIME);
  await forEach(files.entries(), ([index, file]) =>
    limit(async () => {
      values[index] = naturalValues(await storedHeader(objects, file, wanted), keywords);
    }),
  );
  return values;
};
