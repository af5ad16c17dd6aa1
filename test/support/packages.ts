/** Service packages for tests, as the files of their zip. */
import { buffer } from 'node:stream/consumers';
import { fromBufferPromise } from 'yauzl';
import { ZipFile } from 'yazl';

/** Path → text, or text with a mode. */
export type PackageFiles = Readonly<Record<string, string | { text: string; mode: number }>>;

export const aJob = (facts: Record<string, unknown> = {}): Record<string, unknown> => ({
  jobName: 'segment',
  workerEntry: 'worker',
  registryEntry: 'callback',
  events: ['stable-series'],
  ...facts,
});

/** A whole package; a file given as `undefined` is left out. */
export const aPackage = (
  facts: { name?: string; version?: string; service?: object; jobs?: unknown[] } = {},
  files: Readonly<Record<string, PackageFiles[string] | undefined>> = {},
): PackageFiles => {
  const { name = 'lung', version = '1.0.0', service = {}, jobs = [aJob()] } = facts;
  const all: Record<string, PackageFiles[string] | undefined> = {
    'dcm-processor.json': JSON.stringify({
      name,
      version,
      service: { module: 'module', registry: 'registry', jobs, ...service },
    }),
    'module/__init__.py': 'def worker(**kwargs):\n    return {}\n',
    'registry/__init__.py': 'def callback(**kwargs):\n    return True, {"from": "registry"}\n',
    ...files,
  };
  return Object.fromEntries(
    Object.entries(all).flatMap(([path, file]) => (file === undefined ? [] : [[path, file]])),
  );
};

export const zipOf = async (files: PackageFiles): Promise<Buffer<ArrayBuffer>> => {
  const writer = new ZipFile();
  for (const [path, file] of Object.entries(files)) {
    const { text, mode } = typeof file === 'string' ? { text: file, mode: 0o100644 } : file;
    writer.addBuffer(Buffer.from(text), path, { mode });
  }
  writer.end();
  return Buffer.from(await buffer(writer.outputStream));
};

/** Path → mode and text of a zip's files. */
export const unzip = async (
  bytes: Uint8Array,
): Promise<Record<string, { mode: number; text: string }>> => {
  const zip = await fromBufferPromise(Buffer.from(bytes), { lazyEntries: true, autoClose: false });
  const files: Record<string, { mode: number; text: string }> = {};
  for await (const entry of zip.eachEntry()) {
    const stream = await zip.openReadStreamPromise(entry);
    files[entry.fileName] = {
      mode: (entry.externalFileAttributes >>> 16) & 0o777,
      text: (await buffer(stream)).toString('utf8'),
    };
  }
  zip.close();
  return files;
};
