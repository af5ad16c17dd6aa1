/**
 * One attempt of a job, from its lease to its outcome: images and code on disk, Python called, log and result in
 * the bucket. It changes nothing of the job itself. A fault of the service, or of what is stored, is an outcome;
 * a fault of the platform that may pass is thrown, and the job's message goes back to its queue.
 */
import { ZodError } from 'zod';
import { SessionObject } from '../../core/contracts/items.ts';
import { objectKeys } from '../../core/contracts/object-keys.ts';
import type { ObjectStore } from '../../core/contracts/ports.ts';
import { BuildStopped, EnvironmentNotBuilt } from '../environments/build-environment.ts';
import { recentlyRead } from '../../core/running/recently-read.ts';
import type { WorkerPython, WorkerPythons } from '../environments/worker-pythons.ts';
import type { JobEndpoint } from '../endpoint/job-endpoint.ts';
import { InstanceCorrupt, type GroupCache, type GroupInUse } from '../staging/group-cache.ts';
import { ModuleUnusable, type ServiceModules } from '../staging/service-modules.ts';
import { makeAttemptFolder, type AttemptFolder } from './attempt-folder.ts';
import type { CallbackHost, CallbackHosts } from './callback-hosts.ts';
import { callbackEnvironment, jobDocument, type ServiceJob } from './job-document.ts';
import type { JobLog } from './job-log.ts';
import { ObjectNotInGroup, stageJobObject } from './job-object.ts';
import { failure, outcomeOf, type AttemptOutcome } from './outcome.ts';
import { PythonNotStarted } from './python-process.ts';

export interface AttemptTools {
  readonly objects: ObjectStore;
  readonly sessionObjects: SessionObjects;
  readonly groups: GroupCache;
  readonly modules: ServiceModules;
  readonly endpoint: JobEndpoint;
  /** Below which each attempt has a folder of the runner's own while it lasts. */
  readonly folders: { readonly spool: string };
  readonly hosts: CallbackHosts;
  /** Folders that callbacks may write beside their own. */
  readonly writable?: readonly string[];
  /** Of a callback and what it starts, together. */
  readonly memoryLimitBytes: number;
  /** What each worker's jobs are run with. */
  readonly pythons: WorkerPythons;
  /** The runner's own `PATH`. */
  readonly path: string;
  /** Told when a callback's process is about to start, with what came before it in milliseconds. */
  readonly onStart: (jobId: string, preparationMs: number) => void;
  /** Told of processes of a callback that could not be ended. */
  readonly onLeftRunning: (jobId: string, processes: number) => void;
}

/** Documents of session objects that are remembered: each has the headers of up to a whole patient. */
const DOCUMENTS = 8;

/** The document of an object of a session; throws a ZodError for one that is not as it should be. */
export type SessionObjects = (sessionId: string, objectId: string) => Promise<SessionObject>;

/** Documents are stored once, with the plan. */
export const sessionObjects = (objects: Pick<ObjectStore, 'getJson'>): SessionObjects => {
  const read = recentlyRead(DOCUMENTS, async (key) =>
    SessionObject.parse(await objects.getJson(key)),
  );
  return (sessionId, objectId) => read(objectKeys.sessionObject(sessionId, objectId));
};

/** What ends an attempt from outside. */
export interface AttemptSignals {
  /** The runner is to stop, or has lost the message: now. */
  readonly stopping: AbortSignal;
  /** The job is not this attempt's any more: the callback may clean up. */
  readonly cancelled: AbortSignal;
}

/** Faults that another attempt would meet again. */
const isPermanent = (error: unknown): error is Error =>
  error instanceof EnvironmentNotBuilt ||
  error instanceof InstanceCorrupt ||
  error instanceof ModuleUnusable ||
  error instanceof ObjectNotInGroup ||
  error instanceof PythonNotStarted ||
  error instanceof ZodError ||
  // What S3 says of an object that is not there.
  (error instanceof Error && error.name === 'NoSuchKey');

/** What an attempt has beside its place. */
interface Inputs {
  readonly module: string;
  readonly object: SessionObject;
  readonly group: GroupInUse;
}

interface Place {
  readonly folder: AttemptFolder;
  readonly host: CallbackHost;
  /** When it was begun to be made, by `performance.now`. */
  readonly began: number;
}

const fetchInputs = async (
  tools: AttemptTools,
  { job, service, serviceHash, objectId }: ServiceJob,
  groupId: string,
): Promise<Inputs> => {
  const using = tools.groups.use(groupId);
  try {
    const [module, object, group] = await Promise.all([
      tools.modules.folderOf(service, serviceHash),
      tools.sessionObjects(job.sessionId, objectId),
      using,
    ]);
    return { module, object, group };
  } catch (error) {
    await using.then(
      (group) => group.release(),
      () => undefined,
    );
    throw error;
  }
};

const callback = async (
  tools: AttemptTools,
  serviceJob: ServiceJob,
  worker: WorkerPython,
  { module, object, group }: Inputs,
  { folder, host, began }: Place,
  log: JobLog,
  signals: AttemptSignals,
): Promise<AttemptOutcome | undefined> => {
  const { path } = tools;
  const python = worker.path;
  const { job, timeoutSeconds } = serviceJob;
  const { home, temporary, images } = folder;
  const memoryLimitBytes = Math.min(
    tools.memoryLimitBytes,
    (job.memoryMiB ?? Number.POSITIVE_INFINITY) * 1024 ** 2,
  );
  const access = await stageJobObject(serviceJob, group, folder);
  await folder.complete(jobDocument(serviceJob, object, worker.type), module);
  const { socketPath, token, close } = await tools.endpoint.open(
    access,
    host.folders.sockets,
    host.user?.gid,
  );
  try {
    tools.onStart(job.id, performance.now() - began);
    const end = await host.run(
      {
        memoryLimitBytes,
        attemptFolder: folder.path,
        workingDirectory: home,
        environment: callbackEnvironment(serviceJob, {
          ...{ object, python, path, home, temporary, token },
          socket: host.socketSeen(socketPath),
        }),
        marker: token,
        timeoutMs: timeoutSeconds * 1000,
        signal: signals.stopping,
        cancelled: signals.cancelled,
        onOutput: log.write,
      },
      { module, images, temporary, writable: tools.writable ?? [] },
    );
    if (end.kind === 'aborted') {
      if (signals.cancelled.aborted) log.note('the job was cancelled: the callback was ended');
      return undefined;
    }
    const limits = { timeoutSeconds, memoryBytes: memoryLimitBytes };
    const outcome = outcomeOf(end, await folder.result(), limits);
    if (outcome.error?.traceback === '') log.note(outcome.error.message);
    return outcome;
  } finally {
    await close();
  }
};

/** The outcome, or undefined when the attempt was ended through `signals`. */
export const runAttempt = async (
  tools: AttemptTools,
  serviceJob: ServiceJob,
  groupId: string,
  log: JobLog,
  signals: AttemptSignals,
): Promise<AttemptOutcome | undefined> => {
  const began = performance.now();
  let host: CallbackHost | undefined;
  let folder: AttemptFolder | undefined;
  // Fetched while the callback's place is made; what fails is met where it is waited for.
  const inputs = fetchInputs(tools, serviceJob, groupId);
  inputs.catch(() => undefined);
  try {
    const worker = await tools.pythons.pythonOf(serviceJob.job);
    for (const note of worker.notes) log.note(note);
    host = await tools.hosts.take(serviceJob, worker.path);
    folder = await makeAttemptFolder({ ...tools.folders, ...host.folders }, host.user);
    const place = { folder, host, began };
    return await callback(tools, serviceJob, worker, await inputs, place, log, signals);
  } catch (error) {
    if (error instanceof BuildStopped) return undefined;
    if (!isPermanent(error)) throw error;
    log.note(`the callback was not called: ${error.message}`);
    const said = error instanceof EnvironmentNotBuilt ? error.output : '';
    if (said !== '') log.note(said);
    return failure({ type: error.name, message: error.message, traceback: said });
  } finally {
    // Each whatever becomes of the others: what is not given back here is gone for this runner.
    try {
      const left = (await host?.release()) ?? 0;
      if (left > 0) tools.onLeftRunning(serviceJob.job.id, left);
    } finally {
      await Promise.all([
        inputs.then(
          ({ group }) => group.release(),
          () => undefined,
        ),
        folder?.remove(),
      ]);
    }
  }
};
