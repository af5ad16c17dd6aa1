/**
 * Reads an uploaded service package, of version 2 (`dcm-processor.json`) or of version 1 (`registry/settings.json`),
 * as what is to be stored of it. Everything that is wrong with it is thrown at once.
 */
import type { PackageManifest } from '../../core/packages/manifest.ts';
import { filesBelow, findManifest, readPackage } from '../../core/packages/package-files.ts';
import {
  findV1Settings,
  readV1Package,
  V1_FOLDER,
  V1_MODULE_INIT,
  V1_REGISTRY_INIT,
  v1Folders,
  v1Sources,
} from '../../core/packages/v1-package.ts';
import { notesOnRegistryImports } from '../../core/packages/registry-imports.ts';
import { holdsWorker } from '../../core/packages/worker-manifest.ts';
import { checkWorker, type CheckedWorker } from './install-worker.ts';
import type { PackageArchive, PackedFile, WrittenFile } from './package-archive.ts';
import { ApiProblem } from './problems.ts';
import { manifestOf } from './uploaded-package.ts';

/** The package that the registry function's handler imports. */
const REGISTRY_PACKAGE = 'service_registry';

export interface CheckedPackage {
  readonly manifest: PackageManifest;
  readonly hash: string;
  /** At the archive's top: the runner unpacks it as the package `service_module`. */
  readonly module: readonly (PackedFile | WrittenFile)[];
  /** Below `service_registry/`: the code of a Lambda function. */
  readonly registry: readonly (PackedFile | WrittenFile)[];
  readonly notes: readonly string[];
  /** What the package holds beside the service. */
  readonly worker: CheckedWorker | undefined;
}

type Files = Pick<CheckedPackage, 'module' | 'registry'>;

const packed = (archive: PackageArchive, folder: string, prefix: string): PackedFile[] =>
  filesBelow(archive.paths, folder).map(({ path, relative }) => ({
    path,
    target: `${prefix}${relative}`,
  }));

/** Of the text that describes the package, and of its files in their roles. */
const hashOf = (
  archive: PackageArchive,
  text: string,
  { module, registry }: Files,
): Promise<string> =>
  archive.hash(text, [
    ...module.map((file) => ({ ...file, target: `module/${file.target}` })),
    ...registry,
  ]);

/** A refusal as a value: it is told together with what is wrong with the service. */
const workerOrProblem = async (archive: PackageArchive): Promise<CheckedWorker | ApiProblem> => {
  try {
    return await checkWorker(archive);
  } catch (error) {
    if (error instanceof ApiProblem) return error;
    throw error;
  }
};

/** Texts by their paths, without what is too large for a text that somebody wrote. */
const sourcesAt = async (
  archive: PackageArchive,
  paths: Iterable<string>,
): Promise<Map<string, string>> => {
  const sources = new Map<string, string>();
  for (const path of paths) {
    const text = await archive.textIfSmall(path);
    if (text !== undefined) sources.set(path, text);
  }
  return sources;
};

const checkV1Package = async (
  archive: PackageArchive,
  settingsPath: string,
): Promise<CheckedPackage> => {
  const settings = await archive.text(settingsPath);
  const sources = await sourcesAt(archive, v1Sources(archive.paths, settingsPath));
  const reading = readV1Package(archive.paths, settingsPath, settings, sources);
  if (!reading.ok) throw new ApiProblem('invalid-package', reading.problems);
  const { manifest, notes } = reading;
  const folders = v1Folders(settingsPath);
  const files = {
    module: [
      { target: '__init__.py', text: V1_MODULE_INIT },
      ...packed(archive, folders.module, `${V1_FOLDER}/${manifest.name}/`),
    ],
    registry: [
      { target: `${REGISTRY_PACKAGE}/__init__.py`, text: V1_REGISTRY_INIT },
      ...packed(archive, folders.registry, `${REGISTRY_PACKAGE}/${V1_FOLDER}/${manifest.name}/`),
    ],
  };
  return {
    manifest,
    hash: await hashOf(archive, settings, files),
    ...files,
    notes,
    worker: undefined,
  };
};

export const checkPackage = async (archive: PackageArchive): Promise<CheckedPackage> => {
  const settingsPath = findV1Settings(archive.paths);
  if (findManifest(archive.paths) === undefined && settingsPath !== undefined) {
    return checkV1Package(archive, settingsPath);
  }
  const { path: manifestPath, text: manifestText } = await manifestOf(archive);
  const reading = readPackage(archive.paths, manifestPath, manifestText);
  const worker = holdsWorker(manifestText) ? await workerOrProblem(archive) : undefined;
  if (!reading.ok || worker instanceof ApiProblem) {
    throw new ApiProblem('invalid-package', [
      ...(reading.ok ? [] : reading.problems),
      ...(worker instanceof ApiProblem ? worker.problems : []),
    ]);
  }
  const files = {
    module: packed(archive, reading.moduleFolder, ''),
    registry: packed(archive, reading.registryFolder, `${REGISTRY_PACKAGE}/`),
  };
  const registrySources = await sourcesAt(
    archive,
    files.registry.map(({ path }) => path).filter((path) => path.endsWith('.py')),
  );
  return {
    manifest: reading.manifest,
    hash: await hashOf(archive, manifestText, files),
    ...files,
    notes: [...reading.notes, ...notesOnRegistryImports(registrySources)],
    worker,
  };
};
