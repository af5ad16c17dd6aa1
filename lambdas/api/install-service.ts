/**
 * Installing a service package from an upload: read and check everything, store what runs under the hash of
 * its content, make the registry function, and only then write the configuration item that makes it known.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Installation } from '../../core/contracts/api-packages.ts';
import { toService } from '../../core/contracts/api-packages.ts';
import { ServiceItem } from '../../core/contracts/configuration.ts';
import { objectKeys, tableKeys } from '../../core/contracts/keys.ts';
import { DEFAULT_WORKER, resourceNames } from '../../core/contracts/names.ts';
import type { PackageManifest } from '../../core/packages/manifest.ts';
import {
  filesBelow,
  findManifest,
  MANIFEST_NAME,
  readPackage,
} from '../../core/packages/package-files.ts';
import { unmet } from '../../core/packages/requirements.ts';
import type { ApiContext } from './context.ts';
import { PackageArchive, type PackedFile } from './package-archive.ts';
import { ApiProblem } from './problems.ts';

const MAX_UPLOAD_BYTES = 200 * 1024 ** 2;

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
}

const checkPackage = async (archive: PackageArchive): Promise<CheckedPackage> => {
  const manifestPath = findManifest(archive.paths);
  if (manifestPath === undefined) {
    throw new ApiProblem('invalid-package', [
      {
        path: MANIFEST_NAME,
        message: 'is missing: the package has no such file in any of its folders',
      },
    ]);
  }
  const manifestText = await archive.text(manifestPath);
  const reading = readPackage(archive.paths, manifestPath, manifestText);
  if (!reading.ok) throw new ApiProblem('invalid-package', reading.problems);
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
  };
};

/** What the package needs of this installation; throws every requirement that is not met, returns notes. */
const checkAgainstInstalled = async (
  { configuration }: ApiContext,
  manifest: PackageManifest,
): Promise<{ before: ServiceItem | undefined; notes: string[] }> => {
  const [services, workers] = await Promise.all([
    configuration.services.list(),
    configuration.workers.list(),
  ]);
  const workerNames = new Set([DEFAULT_WORKER, ...workers.map(({ name }) => name)]);
  const messages = [
    ...unmet(
      'service',
      manifest.requiredServices,
      new Map(services.map(({ name, version }) => [name, version])),
    ),
    ...unmet(
      'worker',
      manifest.requiredWorkers,
      new Map([...workerNames].map((name) => [name, undefined])),
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
    notes: manifest.jobs.flatMap(({ jobName, worker, dependsOn }) => [
      ...(worker === null || workerNames.has(worker)
        ? []
        : [`job ${jobName}: the worker "${worker}" is not installed; the default worker runs it`]),
      ...dependsOn
        .filter((name) => name !== '' && !jobNames.has(name))
        .map((name) => `job ${jobName}: depends on ${name}, which no installed service has yet`),
    ]),
  };
};

const storeFolder = async (
  { objects }: ApiContext,
  archive: PackageArchive,
  files: readonly PackedFile[],
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

const storeVersion = async (
  context: ApiContext,
  archive: PackageArchive,
  checked: CheckedPackage,
  directory: string,
): Promise<string> => {
  const { manifest, hash } = checked;
  const moduleKey = objectKeys.serviceModule(manifest.name, hash);
  const registryKey = objectKeys.serviceRegistry(manifest.name, hash);
  await storeFolder(context, archive, checked.module, moduleKey, join(directory, 'module.zip'));
  await storeFolder(
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
  const { before, notes: installedNotes } = await checkAgainstInstalled(context, manifest);
  const notes = [...checked.notes, ...installedNotes];
  if (before?.hash === hash && !force) {
    return { outcome: 'unchanged', service: toService(before), notes };
  }
  if (before !== undefined && !force) {
    throw new ApiProblem('already-installed', [
      {
        message: `${manifest.name} ${before.version} is installed, with other content than this ${manifest.version}`,
        remedy: 'replace it with: gantry service install --force SOURCE',
      },
    ]);
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
  };
};

/** Installs what was uploaded under the id; the upload is deleted in any case. */
export const installService = async (
  context: ApiContext,
  uploadId: string,
  force: boolean,
): Promise<Installation> => {
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
      return await installArchive(context, archive, directory, force);
    } finally {
      archive.close();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
    await context.objects.delete([key]);
  }
};
