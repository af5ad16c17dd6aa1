/**
 * The uploaded zip of a package on disk: its entries are read one after the other as streams, and the two
 * folders that count are packed again, so that memory does not grow with the package.
 */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openPromise, type Entry, type ZipFile } from 'yauzl';
import { ZipFile as ZipWriter } from 'yazl';
import { ApiProblem } from './problems.ts';

/** Unpacked: what a runner has to unpack again for every attempt. */
const MAX_UNPACKED_BYTES = 2 * 1024 ** 3;
const MAX_FILES = 20_000;
const MAX_MANIFEST_BYTES = 1024 ** 2;

/** Fixed, so that the same content makes the same bytes. */
const PACKED_AT = new Date(Date.UTC(1980, 0, 1, 12));

const FILE_TYPE = 0o170000;
const SYMBOLIC_LINK = 0o120000;

export interface PackedFile {
  /** In the uploaded archive. */
  readonly path: string;
  /** In the archive to be written. */
  readonly target: string;
}

/** A file that no package brings: of the platform's own making. */
export interface WrittenFile {
  readonly text: string;
  readonly target: string;
}

const refuse = (message: string, path?: string): ApiProblem =>
  new ApiProblem('invalid-package', [path === undefined ? { message } : { path, message }]);

/** Zip keeps the Unix mode in the upper half; archives from Windows have none. */
const unixMode = (entry: Entry): number => entry.externalFileAttributes >>> 16;

/** Everybody may read what is packed, whatever the archive says; who may execute it stays as it was. */
const packedMode = (entry: Entry): number => 0o100644 | (unixMode(entry) & 0o111);

export class PackageArchive {
  readonly #zip: ZipFile;
  readonly #entries: ReadonlyMap<string, Entry>;

  private constructor(zip: ZipFile, entries: ReadonlyMap<string, Entry>) {
    this.#zip = zip;
    this.#entries = entries;
  }

  /** Throws the problem when `file` is no zip, or one that must not be unpacked. */
  static async open(file: string): Promise<PackageArchive> {
    let zip: ZipFile | undefined;
    const entries = new Map<string, Entry>();
    let bytes = 0;
    try {
      zip = await openPromise(file, { lazyEntries: true, autoClose: false });
      // Absolute paths, `..` and backslashes are refused by the reader itself.
      for await (const entry of zip.eachEntry()) {
        if (entry.fileName.endsWith('/')) continue;
        if ((unixMode(entry) & FILE_TYPE) === SYMBOLIC_LINK) {
          throw refuse('is a symbolic link; put the file itself into the package', entry.fileName);
        }
        if (entry.isEncrypted()) throw refuse('is encrypted', entry.fileName);
        bytes += entry.uncompressedSize;
        entries.set(entry.fileName, entry);
        if (bytes > MAX_UNPACKED_BYTES || entries.size > MAX_FILES) {
          throw new ApiProblem('package-too-large', [
            {
              message: `the package has more than ${MAX_UNPACKED_BYTES / 1024 ** 3} GiB or ${MAX_FILES} files unpacked`,
            },
          ]);
        }
      }
      return new PackageArchive(zip, entries);
    } catch (error) {
      zip?.close();
      if (error instanceof ApiProblem) throw error;
      throw refuse(
        `the upload is no readable zip archive: ${error instanceof Error ? error.message : 'damaged'}`,
      );
    }
  }

  /** Paths of all files, as they stand in the archive. */
  get paths(): string[] {
    return [...this.#entries.keys()];
  }

  close(): void {
    this.#zip.close();
  }

  #entry(path: string): Entry {
    const entry = this.#entries.get(path);
    if (entry === undefined) throw new Error('a file of the package is gone');
    return entry;
  }

  async #read(path: string): Promise<Readable> {
    return this.#zip.openReadStreamPromise(this.#entry(path));
  }

  /** The text of a small file: the manifest. */
  async text(path: string): Promise<string> {
    if (this.#entry(path).uncompressedSize > MAX_MANIFEST_BYTES) {
      throw refuse(`has more than ${MAX_MANIFEST_BYTES / 1024} KiB`, path);
    }
    const chunks: Buffer[] = [];
    for await (const chunk of await this.#read(path)) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString('utf8');
  }

  /** The text of a file that may be a large one: then undefined. */
  async textIfSmall(path: string): Promise<string | undefined> {
    return this.#entry(path).uncompressedSize > MAX_MANIFEST_BYTES ? undefined : this.text(path);
  }

  /** Of the manifest's text and of names, modes and bytes of the files: 64 hex characters. */
  async hash(manifestText: string, files: readonly (PackedFile | WrittenFile)[]): Promise<string> {
    const hash = createHash('sha256').update(JSON.stringify([manifestText]));
    for (const file of files) {
      if ('text' in file) {
        hash.update(JSON.stringify([file.target, file.text]));
        continue;
      }
      const { path, target } = file;
      const entry = this.#entry(path);
      hash.update(JSON.stringify([target, packedMode(entry), entry.uncompressedSize]));
      try {
        for await (const chunk of await this.#read(path)) hash.update(chunk as Buffer);
      } catch (error) {
        throw refuse(`cannot be read: ${error instanceof Error ? error.message : 'damaged'}`, path);
      }
    }
    return hash.digest('hex');
  }

  /** Writes a new zip with the files at their targets. */
  async pack(files: readonly (PackedFile | WrittenFile)[], output: string): Promise<void> {
    const writer = new ZipWriter();
    const failure = new AbortController();
    writer.on('error', (error) => {
      failure.abort(error);
    });
    const written = pipeline(writer.outputStream, createWriteStream(output), {
      signal: failure.signal,
    });
    for (const file of files) {
      if ('text' in file) {
        writer.addBuffer(Buffer.from(file.text), file.target, { mtime: PACKED_AT, mode: 0o100644 });
        continue;
      }
      const { path, target } = file;
      const entry = this.#entry(path);
      writer.addReadStreamLazy(
        target,
        { mtime: PACKED_AT, mode: packedMode(entry), size: entry.uncompressedSize },
        (give) => {
          this.#read(path).then(
            (stream) => {
              give(null, stream);
            },
            (error: unknown) => {
              writer.emit('error', error);
            },
          );
        },
      );
    }
    writer.end();
    await written;
  }
}
