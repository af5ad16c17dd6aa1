/**
 * Where a service package may come from: a folder, an archive, an http(s) URL, a git repository. Each ends as
 * one zip file on this computer, which is what the API takes.
 */
import { spawn } from 'node:child_process';
import { createWriteStream, type Stats } from 'node:fs';
import { mkdir, readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as tar from 'tar';
import { ZipFile } from 'yazl';
import { CommandFailed } from './failures.ts';

/** Unpacked by the tar package; the others need programs that the system's own tar finds. */
const PLAIN_TAR = /\.(tar|tar\.gz|tgz)$/i;
const SYSTEM_TAR = /\.(tar\.bz2|tbz2|tar\.xz|txz)$/i;
const ZIP = /\.zip$/i;

const isArchive = (name: string): boolean =>
  ZIP.test(name) || PLAIN_TAR.test(name) || SYSTEM_TAR.test(name);

const SKIPPED_FOLDERS = new Set(['.git', '__pycache__', '__MACOSX', 'node_modules', '.venv']);

/** By its form alone; a path that is not there is no kind at all. */
export const sourceKind = (source: string, found: Pick<Stats, 'isDirectory'> | undefined) => {
  if (found !== undefined) {
    if (!found.isDirectory()) return 'archive';
    // A repository without a work tree has nothing to pack.
    return /\.git\/*$/.test(source) ? 'git' : 'folder';
  }
  if (/^(git@|ssh:|git:|git\+|file:)/.test(source) || /\.git(#.*)?$/.test(source)) return 'git';
  if (/^https?:\/\//.test(source)) {
    return isArchive(new URL(source).pathname) ? 'download' : 'git';
  }
  return undefined;
};

const run = (command: string, args: readonly string[]): Promise<void> =>
  new Promise((done, fail) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, GIT_TERMINAL_PROMPT: '0' },
    });
    let told = '';
    child.stderr.on('data', (chunk: Buffer) => {
      told += chunk.toString('utf8');
    });
    child.on('error', (error) => {
      fail(new CommandFailed(`the program ${command} cannot be started: ${error.message}`));
    });
    child.on('close', (code) => {
      if (code === 0) done();
      else fail(new CommandFailed(`${command} ended with code ${String(code)}: ${told.trim()}`));
    });
  });

/** Where a link leads; what is left out without a word would be missed only when a job runs. */
const linked = async (path: string): Promise<string> => {
  const target = await realpath(path).catch(() => undefined);
  if (target === undefined) throw new CommandFailed(`${path} is a link that leads nowhere`);
  if ((await stat(target)).isDirectory()) {
    throw new CommandFailed(
      `${path} is a link to a folder; put the folder itself into the package`,
    );
  }
  return target;
};

/** Every file below the folder; links to files are followed, but not out of the folder. */
const filesOf = async (root: string): Promise<{ path: string; name: string; mode: number }[]> => {
  const top = await realpath(root);
  const files: { path: string; name: string; mode: number }[] = [];
  const walk = async (folder: string): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (!SKIPPED_FOLDERS.has(entry.name)) await walk(path);
        continue;
      }
      const target = entry.isSymbolicLink() ? await linked(path) : path;
      const found = await stat(target);
      if (!found.isFile()) continue;
      if (target !== path && !target.startsWith(top + sep)) {
        throw new CommandFailed(`${path} is a link that leads out of the package`);
      }
      const name = relative(top, path).split(sep).join('/');
      files.push({ path, name, mode: found.mode });
    }
  };
  await walk(top);
  return files;
};

const zipFolder = async (folder: string, output: string): Promise<void> => {
  const writer = new ZipFile();
  for (const { path, name, mode } of await filesOf(folder)) writer.addFile(path, name, { mode });
  writer.end();
  await pipeline(writer.outputStream, createWriteStream(output));
};

const unpackTar = async (file: string, folder: string): Promise<void> => {
  await mkdir(folder);
  if (SYSTEM_TAR.test(file)) {
    await run('tar', ['-xf', file, '-C', folder]);
    return;
  }
  const links: string[] = [];
  await tar.extract({
    file,
    cwd: folder,
    strict: true,
    // What is thrown here is nobody's to catch: it is called while the file streams by.
    filter: (path, entry) => {
      const isLink = 'type' in entry && (entry.type === 'Link' || entry.type === 'SymbolicLink');
      if (isLink) links.push(path);
      return !isLink;
    },
  });
  if (links.length > 0) {
    throw new CommandFailed(`a link in the archive: ${links.join(', ')}`, [
      'put the files themselves into it',
    ]);
  }
};

const zipArchive = async (file: string, folder: string): Promise<string> => {
  if (ZIP.test(file)) return file;
  if (!isArchive(file)) {
    throw new CommandFailed(`${basename(file)} is no package`, [
      'a package is a folder, or a .zip, .tar, .tar.gz, .tgz, .tar.bz2 or .tar.xz',
    ]);
  }
  const unpacked = join(folder, 'unpacked');
  const zip = join(folder, 'package.zip');
  try {
    await unpackTar(file, unpacked);
  } catch (error) {
    if (error instanceof CommandFailed) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandFailed(`${basename(file)} cannot be unpacked: ${why}`);
  }
  await zipFolder(unpacked, zip);
  return zip;
};

const download = async (url: string, folder: string): Promise<string> => {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new CommandFailed(
      `${url} cannot be fetched: ${cause instanceof Error ? cause.message : String(cause)}`,
    );
  }
  if (!response.ok || response.body === null) {
    throw new CommandFailed(`${url} cannot be fetched: ${response.status} ${response.statusText}`);
  }
  const file = join(folder, basename(new URL(url).pathname));
  await pipeline(Readable.fromWeb(response.body), createWriteStream(file));
  return file;
};

/** `URL` or `URL#branch-or-tag`. */
const clone = async (source: string, folder: string): Promise<string> => {
  const [url = '', reference] = source.replace(/^git\+/, '').split('#');
  const branch = reference === undefined ? [] : ['--branch', reference];
  const cloned = async (name: string, ...options: readonly string[]): Promise<string> => {
    const target = join(folder, name);
    await run('git', ['clone', '--quiet', ...options, ...branch, '--', url, target]);
    return target;
  };
  // A repository that a plain web server serves as files cannot be had without its history.
  return cloned('newest', '--depth', '1').catch(() => cloned('whole'));
};

/** The package as a zip file; what is made on the way is put into `temporary`, an empty folder. */
export const packageZip = async (source: string, temporary: string): Promise<string> => {
  const local = resolve(source);
  const found = await stat(local).catch(() => undefined);
  const folderToZip = async (folder: string): Promise<string> => {
    const zip = join(temporary, 'package.zip');
    await zipFolder(folder, zip);
    return zip;
  };
  switch (sourceKind(source, found)) {
    case 'folder':
      return folderToZip(local);
    case 'archive':
      return zipArchive(local, temporary);
    case 'download':
      return zipArchive(await download(source, temporary), temporary);
    case 'git':
      return folderToZip(await clone(source, temporary));
    case undefined:
      throw new CommandFailed(`there is no file or folder ${source}`);
  }
};
