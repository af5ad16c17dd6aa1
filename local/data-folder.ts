/** Where everything is in the data folder of one Gantry, and which Gantry has it now. */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { isAlive, processIdentity } from './processes.ts';

export interface DataFolder {
  readonly root: string;
  readonly emulatorState: string;
  readonly emulatorObjects: string;
  /** For the emulator and its Lambdas; emptied at each start. */
  readonly temporary: string;
  readonly spool: string;
  readonly runnerWork: string;
  readonly logs: string;
  readonly pids: string;
  readonly containerPids: string;
  /** Of the tasks of docker workers, while they run. */
  readonly containerVolumes: string;
  readonly bundles: string;
  readonly cloudAssembly: string;
  readonly deploymentRecord: string;
  readonly containerImages: string;
  /** See disk-reserve.ts. */
  readonly reserve: string;
}

/** The owner's alone: images of patients, and logs. */
const PRIVATE = 0o700;
/**
 * Started by root, callbacks, containers and registry functions have user ids of their own, and things below it that
 * are theirs: they may go through it, and cannot list it. Else everything is the owner's alone.
 */
const TRAVERSABLE = process.getuid?.() === 0 ? 0o711 : PRIVATE;

/** Also one of an earlier start; `mkdir` alone leaves that as it was, and takes away what the process's mask says. */
const makeFolder = (path: string, mode: number): void => {
  mkdirSync(path, { recursive: true });
  chmodSync(path, mode);
};

const dataFolderAt = (root: string): DataFolder => ({
  root,
  emulatorState: join(root, 'emulator', 'state'),
  emulatorObjects: join(root, 'emulator', 's3'),
  temporary: join(root, 'tmp'),
  spool: join(root, 'spool'),
  runnerWork: join(root, 'work'),
  logs: join(root, 'logs'),
  pids: join(root, 'pids'),
  containerPids: join(root, 'pids', 'containers'),
  containerVolumes: join(root, 'volumes'),
  bundles: join(root, 'bundles'),
  cloudAssembly: join(root, 'cdk.out'),
  deploymentRecord: join(root, 'deployment.json'),
  containerImages: join(root, 'container-images.json'),
  reserve: join(root, 'reserve'),
});

/** The data folder cannot be made or written. */
export class DataFolderUnusable extends Error {
  override readonly name = 'DataFolderUnusable';
  readonly folder: string;

  constructor(folder: string, cause: unknown) {
    const { code = String(cause), path = folder } = cause as NodeJS.ErrnoException;
    super(
      `the data folder ${folder} cannot be written (${code}: ${path}); set GANTRY_DATA_DIR to another one`,
      { cause },
    );
    this.folder = folder;
  }
}

const makeFolders = (folder: DataFolder): void => {
  const { root } = folder;
  // With images of patients in it, where a task was killed with its engine.
  rmSync(folder.containerVolumes, { recursive: true, force: true });
  rmSync(folder.temporary, { recursive: true, force: true });
  // One that is there already may be somebody's who has other things in it, too.
  if (!existsSync(root)) makeFolder(root, TRAVERSABLE);
  for (const path of [
    join(root, 'emulator'),
    folder.spool,
    folder.logs,
    folder.pids,
    folder.bundles,
  ]) {
    makeFolder(path, PRIVATE);
  }
  for (const path of [folder.temporary, folder.runnerWork, folder.containerVolumes]) {
    makeFolder(path, TRAVERSABLE);
  }
  for (const path of [folder.emulatorState, folder.emulatorObjects, folder.containerPids]) {
    mkdirSync(path, { recursive: true });
  }
};

/**
 * Makes the folders that are not there, and shuts all of them for other users. Throws {@link DataFolderUnusable}.
 */
export const openDataFolder = (root: string): DataFolder => {
  const folder = dataFolderAt(root);
  try {
    makeFolders(folder);
  } catch (error) {
    throw new DataFolderUnusable(root, error);
  }
  return folder;
};

const Running = z.object({
  pid: z.int(),
  /** Which process of that number it is: numbers are given again, after a restart of the computer to anybody. */
  startedAs: z.string().optional(),
  httpPort: z.int(),
  dimsePort: z.int(),
  apiUrl: z.string(),
});
/** The Gantry that has the data folder. */
export type Running = z.infer<typeof Running>;

const runningFile = (root: string): string => join(root, 'running.json');

/** Undefined when nobody has the folder; the record of a process that has died counts as nobody. */
export const readRunning = (root: string): Running | undefined => {
  try {
    const running = Running.parse(JSON.parse(readFileSync(runningFile(root), 'utf8')));
    const { pid, startedAs } = running;
    const same = startedAs === undefined ? isAlive(pid) : processIdentity(pid) === startedAs;
    return same ? running : undefined;
  } catch {
    return undefined;
  }
};

/** Of this process. */
export const writeRunning = (root: string, addresses: Omit<Running, 'pid' | 'startedAs'>): void => {
  const { pid } = process;
  const running: Running = { pid, startedAs: processIdentity(pid), ...addresses };
  writeFileSync(runningFile(root), JSON.stringify(running));
};

export const clearRunning = (root: string): void => {
  rmSync(runningFile(root), { force: true });
};
