/**
 * Which files of an uploaded package count: the manifest is the first `dcm-processor.json` at any depth, and
 * its `module` and `registry` folders are looked for beside it. Paths are relative, with `/`.
 */
import type { ProblemDetail } from '../contracts/api-problem.ts';
import { readManifest, type PackageManifest } from './manifest.ts';

export const MANIFEST_NAME = 'dcm-processor.json';

const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
const join = (folder: string, path: string): string => (folder === '' ? path : `${folder}/${path}`);
const depth = (path: string): number => path.split('/').length;

/** Caches, and what macOS adds to archives, are no part of a package. */
export const isPackageFile = (path: string): boolean =>
  !path.split('/').some((part) => part === '__pycache__' || part === '__MACOSX' || part === '.git');

/** The manifest nearest to the top; of several at one depth the first by name. */
export const findManifest = (paths: readonly string[]): string | undefined =>
  paths
    .filter(
      (path) =>
        isPackageFile(path) && (path === MANIFEST_NAME || path.endsWith(`/${MANIFEST_NAME}`)),
    )
    .sort((a, b) => depth(a) - depth(b) || (a < b ? -1 : 1))[0];

/** The files below `folder`, by their paths relative to it, in order. */
export const filesBelow = (
  paths: readonly string[],
  folder: string,
): { readonly path: string; readonly relative: string }[] =>
  paths
    .filter((path) => path.startsWith(`${folder}/`) && isPackageFile(path))
    .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    .map((path) => ({ path, relative: path.slice(folder.length + 1) }));

const missingInit = (
  paths: readonly string[],
  kind: 'module' | 'registry',
  root: string,
  folder: string,
): ProblemDetail[] => {
  const init = join(root, `${folder}/__init__.py`);
  if (paths.includes(init)) return [];
  const there = paths.some((path) => path.startsWith(`${join(root, folder)}/`));
  return [
    {
      path: `service.${kind}`,
      message: `${folder}/__init__.py is missing`,
      remedy: there
        ? `add ${folder}/__init__.py, which imports the functions that the jobs name`
        : `the package has no folder "${folder}"; add it, or name the right one as service.${kind}`,
    },
  ];
};

export type PackageReading =
  | {
      readonly ok: true;
      readonly manifest: PackageManifest;
      /** Full paths of the two folders among `paths`. */
      readonly moduleFolder: string;
      readonly registryFolder: string;
      readonly notes: readonly string[];
    }
  | { readonly ok: false; readonly problems: readonly ProblemDetail[] };

/** Everything that is wrong with a package in one answer: its manifest and its files. */
export const readPackage = (
  paths: readonly string[],
  manifestPath: string,
  manifestText: string,
): PackageReading => {
  const root = folderOf(manifestPath);
  const reading = readManifest(manifestText);
  const folders = reading.ok ? reading.manifest : reading.folders;
  const problems = [
    ...(reading.ok ? [] : reading.problems),
    ...(folders.module === undefined ? [] : missingInit(paths, 'module', root, folders.module)),
    ...(folders.registry === undefined
      ? []
      : missingInit(paths, 'registry', root, folders.registry)),
  ];
  if (!reading.ok || problems.length > 0) return { ok: false, problems };
  return {
    ok: true,
    manifest: reading.manifest,
    moduleFolder: join(root, reading.manifest.module),
    registryFolder: join(root, reading.manifest.registry),
    notes: reading.notes,
  };
};
