/**
 * Installing a worker from a package: read and check everything, store the worker's folder under the hash of its
 * content, make its queues, and only then write the configuration item that makes it known. Nothing is built
 * here: a runner makes a virtual environment when the first job needs it.
 */
import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { QueueNameTaken } from '../../aws/work-queues.ts';
import { toWorker, type WorkerInstallation } from '../../core/contracts/api-packages.ts';
import { tableKeys } from '../../core/contracts/keys.ts';
import { objectKeys } from '../../core/contracts/object-keys.ts';
import type { WorkerItem } from '../../core/contracts/worker-item.ts';
import { filesBelow } from '../../core/packages/package-files.ts';
import { unmet } from '../../core/packages/requirements.ts';
import {
  readWorkerPackage,
  refersToFiles,
  REQUIREMENTS_NAME,
  SETTINGS_NAME,
  workerFolder,
  type WorkerDefinition,
} from '../../core/packages/worker-manifest.ts';
import { startImage } from '../../core/running/worker-image.ts';
import { fitsFargate, gpusOf, wantedSize } from '../../core/running/task-size.ts';
import type { ApiContext } from './context.ts';
import type { PackageArchive, PackedFile } from './package-archive.ts';
import { ApiProblem } from './problems.ts';
import { manifestOf, storeFiles, withUploadedPackage } from './uploaded-package.ts';

export interface CheckedWorker {
  readonly definition: WorkerDefinition;
  readonly hash: string;
  readonly environmentHash: string | undefined;
  readonly files: readonly PackedFile[];
  readonly notes: readonly string[];
}

/** Of what `pip install --requirement` can see. Workers with the same requirements share one environment. */
const environmentHashOf = async (
  archive: PackageArchive,
  { type, pythonVersion }: WorkerDefinition,
  hash: string,
  requirementsPath: string | undefined,
): Promise<string | undefined> => {
  if (type === 'default') return undefined;
  const requirements = requirementsPath === undefined ? '' : await archive.text(requirementsPath);
  const content = refersToFiles(requirements) ? hash : requirements;
  return createHash('sha256')
    .update(JSON.stringify([pythonVersion, content]))
    .digest('hex');
};

/** Everything that is wrong with the package's worker is thrown at once. */
export const checkWorker = async (archive: PackageArchive): Promise<CheckedWorker> => {
  const manifest = await manifestOf(archive);
  const root = manifest.path.slice(0, Math.max(0, manifest.path.lastIndexOf('/') + 1));
  const folder = workerFolder(manifest.text);
  const files =
    folder === undefined
      ? []
      : filesBelow(archive.paths, `${root}${folder}`).map(({ path, relative }) => ({
          path,
          target: relative,
        }));
  const pathOf = (name: string) => files.find(({ target }) => target === name)?.path;
  const settingsPath = pathOf(SETTINGS_NAME);
  const reading = readWorkerPackage(manifest.text, {
    paths: files.map(({ target }) => target),
    settings: settingsPath === undefined ? undefined : await archive.text(settingsPath),
  });
  if (!reading.ok) throw new ApiProblem('invalid-package', reading.problems);
  const definition = reading.worker;
  const hash = await archive.hash(JSON.stringify(definition), files);
  return {
    definition,
    hash,
    environmentHash: await environmentHashOf(archive, definition, hash, pathOf(REQUIREMENTS_NAME)),
    files,
    notes: reading.notes,
  };
};

/** A service that requires another version of the worker keeps this one out. */
const checkRequiring = async (
  { configuration }: ApiContext,
  { name, version }: WorkerDefinition,
): Promise<void> => {
  const problems = (await configuration.services.list()).flatMap((service) => {
    const required = (service.requiredWorkers ?? []).filter(
      (text) => unmet('worker', [text], new Map([[name, undefined]])).length === 0,
    );
    return unmet('worker', required, new Map([[name, version]])).map(() => ({
      message: `the service ${service.name} needs ${required.join(', ')}, and this is version ${version}`,
    }));
  });
  if (problems.length > 0) throw new ApiProblem('unmet-requirements', problems);
};

const sizeNotes = (
  { gpuCapacity, runnerSize }: Pick<ApiContext, 'gpuCapacity' | 'runnerSize'>,
  worker: WorkerDefinition,
): string[] => {
  const gpus = gpusOf(worker);
  const { cpu, memoryMiB } = wantedSize(worker, runnerSize);
  const onFargate = gpus === 0 && gpuCapacity.kind !== 'here';
  return [
    ...(gpus > 0 && gpuCapacity.kind === 'none'
      ? [`asks for ${gpus} GPU: this deployment has no GPU capacity, so its jobs will wait`]
      : []),
    ...(onFargate && !fitsFargate(cpu, memoryMiB)
      ? [
          `asks for ${cpu / 1024} CPUs and ${memoryMiB} MiB of memory: its tasks get the most that Fargate has, 16 and 122880`,
        ]
      : []),
    ...(worker.type === 'venv' && worker.pythonVersion !== undefined
      ? [
          `Python ${worker.pythonVersion}: the first job makes the environment; gantry worker show tells how that went`,
        ]
      : []),
  ];
};

/** Throws when another version is there and it is not to be replaced, or a service needs another one. */
const checkAgainstInstalled = async (
  context: ApiContext,
  { definition, hash }: CheckedWorker,
  force: boolean,
): Promise<WorkerItem | undefined> => {
  const { name, version } = definition;
  const before = await context.configuration.workers.get(name);
  if (before !== undefined && before.hash !== hash && !force) {
    throw new ApiProblem('already-installed', [
      {
        message: `the worker ${name} ${before.version ?? ''} is installed, with other content than this ${version}`,
        remedy: 'replace it with: gantry worker install --force SOURCE',
      },
    ]);
  }
  await checkRequiring(context, definition);
  return before;
};

const ensureQueues = async ({ workQueues }: ApiContext, name: string): Promise<void> => {
  try {
    await workQueues.ensure(name);
  } catch (error) {
    if (!(error instanceof QueueNameTaken)) throw error;
    throw new ApiProblem('not-ready', [
      { message: error.message, remedy: 'SQS keeps their names that long; try again in a minute' },
    ]);
  }
};

/** Also when nothing has changed but the installation is forced: an image that could not be made may be now. */
const beginImage = async (
  context: ApiContext,
  worker: WorkerItem,
  hash: string,
): Promise<string[]> => {
  const { workerImages: images, executions, imageMachineArn, clock } = context;
  if (imageMachineArn === undefined) return [];
  const build = `${hash.slice(0, 12)}-${randomBytes(4).toString('hex')}`;
  await startImage({ images, executions, imageMachineArn, clock }, worker, hash, build);
  return [
    'its image is being made, and its jobs wait for it: gantry worker show tells how that went',
  ];
};

/** Stores what was checked, and makes it known. */
export const storeWorker = async (
  context: ApiContext,
  archive: PackageArchive,
  directory: string,
  checked: CheckedWorker,
  force: boolean,
): Promise<WorkerInstallation> => {
  const { definition, hash, environmentHash, files } = checked;
  const { name } = definition;
  const before = await checkAgainstInstalled(context, checked, force);
  const notes = [...checked.notes, ...sizeNotes(context, definition)];
  if (before?.hash === hash && !force) {
    return { outcome: 'unchanged', worker: toWorker(before), notes };
  }
  const key = objectKeys.workerPackage(name, hash);
  await storeFiles(context, archive, files, key, join(directory, 'worker.zip'));
  await ensureQueues(context, name);
  const now = context.clock();
  const { slots, maxRunners } = context.runnerDefaults;
  const isDocker = definition.type === 'docker';
  const item: WorkerItem = {
    ...definition,
    // A container has one job; GPUs are not shared unless the package says so.
    slots: definition.slots ?? (isDocker || (definition.gpu ?? 0) > 0 ? 1 : slots),
    maxRunners: definition.maxRunners ?? maxRunners,
    hash,
    ...(environmentHash === undefined ? {} : { environmentHash }),
    installedAt: before?.installedAt ?? now,
    updatedAt: now,
  };
  await context.table.put(tableKeys.workerVersion(name, hash), item);
  await context.configuration.workers.put(name, item);
  if (isDocker) notes.push(...(await beginImage(context, item, hash)));
  context.logger.info('worker installed', { worker: name, hash, type: item.type });
  return {
    outcome: before === undefined ? 'installed' : 'replaced',
    worker: toWorker(item),
    notes,
  };
};

/** Installs what was uploaded under the id; the upload is deleted in any case. */
export const installWorker = (
  context: ApiContext,
  uploadId: string,
  force: boolean,
): Promise<WorkerInstallation> =>
  withUploadedPackage(context, uploadId, async (archive, directory) =>
    storeWorker(context, archive, directory, await checkWorker(archive), force),
  );
