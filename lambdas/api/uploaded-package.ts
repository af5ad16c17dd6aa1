/** A package as it was uploaded: fetched to disk, opened, and gone afterwards; and its parts as stored objects. */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { objectKeys } from '../../core/contracts/object-keys.ts';
import { findManifest, MANIFEST_NAME } from '../../core/packages/package-files.ts';
import type { ApiContext } from './context.ts';
import { PackageArchive, type PackedFile, type WrittenFile } from './package-archive.ts';
import { ApiProblem, notFound } from './problems.ts';

/** As `createUpload` makes them: it becomes part of a key. */
const UPLOAD_ID = /^[0-9a-f-]{36}$/;

const MAX_UPLOAD_BYTES = 200 * 1024 ** 2;

/** The package's manifest; throws the problem when there is none. */
export const manifestOf = async (
  archive: PackageArchive,
): Promise<{ readonly path: string; readonly text: string }> => {
  const path = findManifest(archive.paths);
  if (path === undefined) {
    throw new ApiProblem('invalid-package', [
      {
        path: MANIFEST_NAME,
        message: 'is missing: the package has no such file in any of its folders',
      },
    ]);
  }
  return { path, text: await archive.text(path) };
};

/** Packs the files at their targets and puts them as one object; `temporary` is where they are packed. */
export const storeFiles = async (
  { objects }: ApiContext,
  archive: PackageArchive,
  files: readonly (PackedFile | WrittenFile)[],
  key: string,
  temporary: string,
): Promise<void> => {
  await archive.pack(files, temporary);
  const { size } = await stat(temporary);
  await objects.put(key, createReadStream(temporary), {
    length: size,
    contentType: 'application/zip',
  });
};

/** Calls `use` with what was uploaded under the id and an empty folder; both are deleted in any case. */
export const withUploadedPackage = async <T>(
  context: ApiContext,
  uploadId: string,
  use: (archive: PackageArchive, directory: string) => Promise<T>,
): Promise<T> => {
  if (!UPLOAD_ID.test(uploadId)) throw notFound('upload', uploadId);
  const key = objectKeys.upload(uploadId);
  const size = await context.objects.size(key);
  if (size === undefined) {
    throw new ApiProblem('upload-missing', [
      {
        message: `nothing was uploaded as ${uploadId}`,
        remedy: 'PUT the zip to the URL that POST /uploads gave, then install it',
      },
    ]);
  }
  const directory = await mkdtemp(join(context.temporaryDirectory, 'package-'));
  try {
    if (size > MAX_UPLOAD_BYTES) {
      throw new ApiProblem('package-too-large', [
        {
          message: `the archive has ${Math.ceil(size / 1024 ** 2)} MiB; at most ${MAX_UPLOAD_BYTES / 1024 ** 2} MiB can be installed`,
          remedy: 'keep large files elsewhere and let the worker fetch them',
        },
      ]);
    }
    const file = join(directory, 'upload.zip');
    await pipeline(await context.objects.getStream(key), createWriteStream(file));
    const archive = await PackageArchive.open(file);
    try {
      return await use(archive, directory);
    } finally {
      archive.close();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
    await context.objects.delete([key]);
  }
};
