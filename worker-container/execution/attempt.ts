/**
 * One attempt of a job, from its lease to its outcome: images and code on disk, Python called, log and result in
 * the bucket. It changes nothing of the job itself. A fault of the service, or of what is stored, is an outcome;
 * a fault of the platform that may pass is thrown, and the job's message goes back to its queue.
 */
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ZodError } from 'zod';
import { SessionObject } from '../../core/contracts/items.ts';
import { objectKeys } from '../../core/contracts/keys.ts';
import type { ObjectStore } from '../../core/contracts/ports.ts';
import type { JobEndpoint } from '../endpoint/job-endpoint.ts';
import { InstanceCorrupt, type GroupCache, type GroupInUse } from '../staging/group-cache.ts';
import { ModuleUnusable, type ServiceModules } from '../staging/service-modules.ts';
import { PythonNotStarted, runCallbackProcess } from './callback-process.ts';
import { callbackEnvironment, jobDocument, type ServiceJob } from './job-document.ts';
import type { JobLog } from './job-log.ts';
import { ObjectNotInGroup, stageJobObject } from './job-object.ts';
import { failure, MAX_RESULT_BYTES, outcomeOf, type AttemptOutcome } from './outcome.ts';

export interface AttemptTools {
  readonly objects: ObjectStore;
  readonly groups: GroupCache;
  readonly modules: ServiceModules;
  readonly endpoint: JobEndpoint;
  /** Below which each attempt has a folder while it lasts. */
  readonly folder: string;
  readonly python: string;
  /** The runner's own `PATH`. */
  readonly path: string;
  /** Told when a callback's process is about to start, with what came before it in milliseconds. */
  readonly onStart: (jobId: string, preparationMs: number) => void;
}

/** Faults that another attempt would meet again. */
const isPermanent = (error: unknown): error is Error =>
  error instanceof InstanceCorrupt ||
  error instanceof ModuleUnusable ||
  error instanceof ObjectNotInGroup ||
  error instanceof PythonNotStarted ||
  error instanceof ZodError ||
  // What S3 says of an object that is not there.
  (error instanceof Error && error.name === 'NoSuchKey');

const resultText = async (
  attemptFolder: string,
): Promise<string | undefined | { bytes: number }> => {
  const path = join(attemptFolder, 'result.json');
  try {
    const { size } = await stat(path);
    return size > MAX_RESULT_BYTES ? { bytes: size } : await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
};

const callback = async (
  tools: AttemptTools,
  serviceJob: ServiceJob,
  group: GroupInUse,
  attemptFolder: string,
  log: JobLog,
  signal: AbortSignal,
): Promise<AttemptOutcome | undefined> => {
  const began = performance.now();
  const { job, service, serviceHash, objectId, timeoutSeconds } = serviceJob;
  const home = join(attemptFolder, 'home');
  const temporary = join(attemptFolder, 'tmp');
  const spoolFolder = join(attemptFolder, 'uploads');
  for (const folder of [home, temporary, spoolFolder]) await mkdir(folder);
  const [module, object, access] = await Promise.all([
    tools.modules.folderOf(service, serviceHash),
    tools.objects
      .getJson(objectKeys.sessionObject(job.sessionId, objectId))
      .then((document) => SessionObject.parse(document)),
    stageJobObject(serviceJob, group, spoolFolder),
  ]);
  await symlink(module, join(attemptFolder, 'service_module'));
  await writeFile(join(attemptFolder, 'job.json'), JSON.stringify(jobDocument(serviceJob, object)));
  const token = tools.endpoint.admit(access);
  try {
    const { python, path } = tools;
    const socket = tools.endpoint.socketPath;
    tools.onStart(job.id, performance.now() - began);
    const end = await runCallbackProcess({
      python,
      attemptFolder,
      workingDirectory: home,
      environment: callbackEnvironment(serviceJob, {
        ...{ object, python, path, home, temporary, socket, token },
      }),
      timeoutMs: timeoutSeconds * 1000,
      signal,
      onOutput: log.write,
    });
    if (end.kind === 'aborted') return undefined;
    const outcome = outcomeOf(end, await resultText(attemptFolder), timeoutSeconds);
    if (outcome.error?.traceback === '') log.note(outcome.error.message);
    return outcome;
  } finally {
    tools.endpoint.revoke(token);
  }
};

/** The outcome, or undefined when the attempt was ended through `signal`. */
export const runAttempt = async (
  tools: AttemptTools,
  serviceJob: ServiceJob,
  groupId: string,
  log: JobLog,
  signal: AbortSignal,
): Promise<AttemptOutcome | undefined> => {
  const attemptFolder = await mkdtemp(join(tools.folder, 'attempt-'));
  let group: GroupInUse | undefined;
  try {
    group = await tools.groups.use(groupId);
    return await callback(tools, serviceJob, group, attemptFolder, log, signal);
  } catch (error) {
    if (!isPermanent(error)) throw error;
    log.note(`the callback was not called: ${error.message}`);
    return failure({ type: error.name, message: error.message, traceback: '' });
  } finally {
    await group?.release();
    await rm(attemptFolder, { recursive: true, force: true, maxRetries: 3 });
  }
};
