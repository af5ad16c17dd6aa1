/**
 * Installing a service package from an upload: read and check everything, store what runs under the hash of
 * its content, make the registry function, and only then write the configuration item that makes it known.
 */
import { join } from 'node:path';
import type { Installation } from '../../core/contracts/api-packages.ts';
import { toService } from '../../core/contracts/api-packages.ts';
import { ServiceItem } from '../../core/contracts/configuration.ts';
import { objectKeys, tableKeys } from '../../core/contracts/keys.ts';
import { DEFAULT_WORKER, resourceNames } from '../../core/contracts/names.ts';
import type { PackageManifest } from '../../core/packages/manifest.ts';
import { filesBelow, readPackage } from '../../core/packages/package-files.ts';
import { unmet } from '../../core/packages/requirements.ts';
import { holdsWorker } from '../../core/packages/worker-manifest.ts';
import type { ApiContext } from './context.ts';
import { checkWorker, storeWorker, type CheckedWorker } from './install-worker.ts';
import type { PackageArchive, PackedFile } from './package-archive.ts';
import { ApiProblem } from './problems.ts';
import { manifestOf, storeFiles, withUploadedPackage } from './uploaded-package.ts';

/** The package that the registry function's handler imports. */
const REGISTRY_PACKAGE = 'service_registry';

interface CheckedPackage {
  readonly manifest: PackageManifest;
  readonly hash: string;
  /** At the archive's top: the runner unpacks it as the package `service_module`. */
  readonly module: readonly PackedFile[];
  /** Below `service_registry/`: the code of a Lambda function. */
  readonly registry: readonly PackedFile[];
  readonly notes: readonly string[];
  /** What the package holds beside the service. */
  readonly worker: CheckedWorker | undefined;
}

/** A refusal as a value: it is told together with what is wrong with the service. */
const workerOrProblem = async (archive: PackageArchive): Promise<CheckedWorker | ApiProblem> => {
  try {
    return await checkWorker(archive);
  } catch (error) {
    if (error instanceof ApiProblem) return error;
    throw error;
  }
};

const checkPackage = async (archive: PackageArchive): Promise<CheckedPackage> => {
  const { path: manifestPath, text: manifestText } = await manifestOf(archive);
  const reading = readPackage(archive.paths, manifestPath, manifestText);
  const worker = holdsWorker(manifestText) ? await workerOrProblem(archive) : undefined;
  if (!reading.ok || worker instanceof ApiProblem) {
    throw new ApiProblem('invalid-package', [
      ...(reading.ok ? [] : reading.problems),
      ...(worker instanceof ApiProblem ? worker.problems : []),
    ]);
  }
  const below = (folder: string, prefix: string): PackedFile[] =>
    filesBelow(archive.paths, folder).map(({ path, relative }) => ({
      path,
      target: `${prefix}${relative}`,
    }));
  const module = below(reading.moduleFolder, '');
  const registry = below(reading.registryFolder, `${REGISTRY_PACKAGE}/`);
  const roles = [
    ...module.map(({ path, target }) => ({ path, target: `module/${target}` })),
    ...registry,
  ];
  return {
    manifest: reading.manifest,
    hash: await archive.hash(manifestText, roles),
    module,
    registry,
    notes: reading.notes,
    worker,
  };
};

/** What the package needs of this installation; throws every requirement that is not met, returns notes. */
const checkAgainstInstalled = async (
  { configuration }: ApiContext,
  { manifest, worker: ownWorker }: CheckedPackage,
): Promise<{ before: ServiceItem | undefined; notes: string[] }> => {
  const [services, workers] = await Promise.all([
    configuration.services.list(),
    configuration.workers.list(),
  ]);
  const own = ownWorker === undefined ? [] : [ownWorker.definition];
  const workerVersions = new Map<string, string | undefined>([
    [DEFAULT_WORKER, undefined],
    ...[...workers, ...own].map(({ name, version }) => [name, version] as const),
  ]);
  const messages = [
    ...unmet(
      'service',
      manifest.requiredServices,
      new Map(services.map(({ name, version }) => [name, version])),
    ),
    ...unmet('worker', manifest.requiredWorkers, workerVersions),
  ];
  if (messages.length > 0) {
    throw new ApiProblem(
      'unmet-requirements',
      messages.map((message) => ({ message })),
    );
  }
  const others = services.filter(({ name }) => name !== manifest.name);
  const jobNames = new Set(
    [...others.flatMap(({ jobs }) => jobs), ...manifest.jobs].map((job) => job.jobName),
  );
  return {
    before: services.find(({ name }) => name === manifest.name),
    notes: manifest.jobs.flatMap(({ jobName, worker, dependsOn }) => [
      ...(worker === null || workerVersions.has(worker)
        ? []
        : [`job ${jobName}: the worker "${worker}" is not installed; the default worker runs it`]),
      ...dependsOn
        .filter((name) => name !== '' && !jobNames.has(name))
        .map((name) => `job ${jobName}: depends on ${name}, which no installed service has yet`),
    ]),
  };
};

const storeVersion = async (
  context: ApiContext,
  archive: PackageArchive,
  checked: CheckedPackage,
  directory: string,
): Promise<string> => {
  const { manifest, hash } = checked;
  const moduleKey = objectKeys.serviceModule(manifest.name, hash);
  const registryKey = objectKeys.serviceRegistry(manifest.name, hash);
  await storeFiles(context, archive, checked.module, moduleKey, join(directory, 'module.zip'));
  await storeFiles(
    context,
    archive,
    checked.registry,
    registryKey,
    join(directory, 'registry.zip'),
  );
  const functionName = resourceNames(context.deployment).registryFunction(manifest.name, hash);
  await context.registryFunctions.ensure(
    functionName,
    registryKey,
    `Registry callbacks of ${manifest.name} ${manifest.version}`,
  );
  return functionName;
};

const installArchive = async (
  context: ApiContext,
  archive: PackageArchive,
  directory: string,
  force: boolean,
): Promise<Installation> => {
  const checked = await checkPackage(archive);
  const { manifest, hash } = checked;
  const { before, notes: installedNotes } = await checkAgainstInstalled(context, checked);
  const notes = [...checked.notes, ...installedNotes];
  const sameContent = before?.hash === hash;
  if (before !== undefined && !sameContent && !force) {
    throw new ApiProblem('already-installed', [
      {
        message: `${manifest.name} ${before.version} is installed, with other content than this ${manifest.version}`,
        remedy: 'replace it with: gantry service install --force SOURCE',
      },
    ]);
  }
  // First, because the service's jobs are to find it.
  const worker =
    checked.worker && (await storeWorker(context, archive, directory, checked.worker, force));
  const withWorker = worker === undefined ? {} : { worker };
  if (sameContent && !force) {
    return { outcome: 'unchanged', service: toService(before), notes, ...withWorker };
  }
  const registryFunction = await storeVersion(context, archive, checked, directory);
  const now = context.clock();
  const item: ServiceItem = {
    name: manifest.name,
    version: manifest.version,
    summary: manifest.summary,
    hash,
    registryFunction,
    installedAt: before?.installedAt ?? now,
    updatedAt: now,
    disabled: false,
    jobs: [...manifest.jobs],
    requiredServices: [...manifest.requiredServices],
    requiredWorkers: [...manifest.requiredWorkers],
  };
  const versionKey = tableKeys.serviceVersion(manifest.name, hash);
  const previous =
    before &&
    (await context.table.get(tableKeys.serviceVersion(before.name, before.hash), ServiceItem));
  if (before !== undefined && previous !== undefined) {
    const changed =
      before.disabled || JSON.stringify(before.jobs) !== JSON.stringify(previous.jobs);
    if (changed) notes.push("this site's changes of parameters and of what is disabled are gone");
  }
  // The version as the package has it stays beside the item that the site may change.
  await context.table.put(versionKey, item);
  await context.configuration.services.put(manifest.name, item);
  context.logger.info('service installed', { service: manifest.name, hash });
  return {
    outcome: before === undefined ? 'installed' : 'replaced',
    service: toService(item),
    notes,
    ...withWorker,
  };
};

/** Installs what was uploaded under the id; the upload is deleted in any case. */
export const installService = (
  context: ApiContext,
  uploadId: string,
  force: boolean,
): Promise<Installation> =>
  withUploadedPackage(context, uploadId, (archive, directory) =>
    installArchive(context, archive, directory, force),
  );
