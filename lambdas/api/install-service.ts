/**
 * Installing a service package from an upload: read and check everything, store what runs under the hash of
 * its content, make the registry function, and only then write the configuration item that makes it known.
 */
import { join } from 'node:path';
import type { Installation } from '../../core/contracts/api-packages.ts';
import { toService } from '../../core/contracts/api-packages.ts';
import { ServiceItem, type JobDefinition } from '../../core/contracts/configuration.ts';
import { tableKeys } from '../../core/contracts/keys.ts';
import { objectKeys } from '../../core/contracts/object-keys.ts';
import { DEFAULT_WORKER, resourceNames } from '../../core/contracts/names.ts';
import { unmet } from '../../core/packages/requirements.ts';
import { checkPackage, type CheckedPackage } from './check-package.ts';
import type { ApiContext } from './context.ts';
import { storeWorker } from './install-worker.ts';
import type { PackageArchive } from './package-archive.ts';
import { ApiProblem } from './problems.ts';
import { storeFiles, withUploadedPackage } from './uploaded-package.ts';

const meet = (some: readonly string[], others: readonly string[]): boolean =>
  some.some((one) => others.includes(one));

/** Of a job whose name others have for one of its events: which of them runs, for a pipeline runs one only. */
const sameNames = (
  { jobName, events }: Pick<JobDefinition, 'jobName' | 'events'>,
  others: readonly ServiceItem[],
): string[] => {
  const having = others.filter(({ jobs }) =>
    jobs.some((job) => job.jobName === jobName && meet(job.events, events)),
  );
  if (having.length === 0) return [];
  const names = having.map(({ name }) => name).join(', ');
  return [
    `job ${jobName}: ${names} has a job of this name for the same event; of a pipeline's services only the one installed first runs it`,
  ];
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
  const dockerWorkers = new Set(
    workers.filter(({ type }) => type === 'docker').map(({ name }) => name),
  );
  const messages = [
    ...unmet(
      'service',
      manifest.requiredServices,
      new Map(services.map(({ name, version }) => [name, version])),
    ),
    ...unmet('worker', manifest.requiredWorkers, workerVersions),
    ...manifest.jobs
      .filter(({ v1, worker }) => v1 === true && worker !== null && dockerWorkers.has(worker))
      .map(
        ({ jobName, worker }) =>
          `job ${jobName}: its channel "${worker ?? ''}" is a docker worker, in which packages for dcm-processor 1 cannot run; use a venv worker`,
      ),
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
    notes: manifest.jobs.flatMap(({ jobName, worker, dependsOn, events }) => [
      ...sameNames({ jobName, events }, others),
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
