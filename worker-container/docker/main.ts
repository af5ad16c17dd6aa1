/**
 * `fetch` and `report`, the two programs beside the user's container in a docker job's task: `main fetch`, which
 * ends with code 0 when the user's container is to start, and `main report`.
 */
import { existsSync } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Logger } from '@aws-lambda-powertools/logger';
import { SFNClient } from '@aws-sdk/client-sfn';
import { documentClient, objectClient } from '../../aws/clients.ts';
import { tableConfiguration } from '../../aws/configuration.ts';
import { stepFunctions } from '../../aws/executions.ts';
import { tableGroups } from '../../aws/groups.ts';
import { bucketObjects } from '../../aws/objects.ts';
import { tableSessionData } from '../../aws/session-data.ts';
import { tableSessions } from '../../aws/sessions.ts';
import { dynamoTable } from '../../aws/table.ts';
import { heldCredentials } from '../../aws/task-credentials.ts';
import { tableWorkerVersions } from '../../aws/worker-versions.ts';
import { objectKeys } from '../../core/contracts/object-keys.ts';
import { errorFacts } from '../../core/contracts/message-body.ts';
import { readCredentialVariables } from '../../core/contracts/task-credentials.ts';
import { limiter } from '../../core/running/concurrency.ts';
import { environments } from '../environments/environments.ts';
import { UNSHARED } from '../environments/shared-environments.ts';
import {
  workerPythons,
  type WorkerPython,
  type WorkerPythons,
} from '../environments/worker-pythons.ts';
import { sessionObjects } from '../execution/attempt.ts';
import { callbackHosts } from '../execution/callback-hosts.ts';
import { jobEndpoint } from '../endpoint/job-endpoint.ts';
import { peerDirectory } from '../endpoint/peers.ts';
import { requiredIsolation } from '../isolation/isolation.ts';
import { groupCache } from '../staging/group-cache.ts';
import { serviceModules, unpackZip } from '../staging/service-modules.ts';
import { openWorkFolder } from '../work-folder.ts';
import { taskMetadata } from './container-watch.ts';
import { fetchJob } from './fetch.ts';
import { reportJob } from './report.ts';
import { readTaskJob, readTaskSettings } from './settings.ts';
import { readTaskState } from './task-state.ts';

/** A task has one job: nothing is ever evicted. */
const MAX_STAGED_BYTES = Number.POSITIVE_INFINITY;
const PARALLEL_GETS = 16;
const MAX_IDLE_ENVIRONMENTS = 4;

process.umask(0o022);
const program = process.argv[2];
if (program !== 'fetch' && program !== 'report') throw new Error('say fetch or report');
const settings = readTaskSettings(process.env);
const clock = () => Date.now();
const metadata = taskMetadata(settings.metadataUri);
const taskId = (await metadata.taskArn()).split('/').at(-1) ?? '';
const logger = new Logger({ serviceName: program, persistentLogAttributes: { taskId } });
const stopping = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    stopping.abort();
  });
}
const signals = { stopping: stopping.signal, cancelled: new AbortController().signal };

const state = program === 'report' ? await readTaskState(settings.folders.private) : undefined;
if (program === 'report' && state === undefined)
  throw new Error('fetch has left nothing to report');
const credentials = heldCredentials(state?.credentials ?? readCredentialVariables(process.env), {
  ...{ tableName: settings.table, tasksQueueUrl: settings.tasksQueueUrl, clock },
  ...{ job: state?.job, signal: stopping.signal },
});
const objects = bucketObjects(objectClient(process.env, credentials), settings.bucket);
const table = dynamoTable(documentClient(credentials), settings.table);
const store = tableSessions(table);
const configuration = tableConfiguration(table);
const versions = tableWorkerVersions(table);

const folder = await openWorkFolder(settings.workDirectory, `${taskId}-${program}`);
const { python, path } = settings;
const { users, sandbox } = await requiredIsolation(
  { ...settings, sharedMemoryBytes: settings.scriptMemoryBytes },
  folder,
  logger,
);
const hosts = callbackHosts({
  ...{ path, users, sandbox, attempts: folder.attempts, sockets: folder.sockets },
  maxWarm: 0,
});

/** Where the worker has requirements, its scripts have a virtual environment, as jobs of a venv worker have. */
const pythonsOfScripts = async (workerFolder: string): Promise<WorkerPythons> => {
  const own: WorkerPython = { path: python, type: 'default', notes: [] };
  if (!existsSync(join(workerFolder, 'requirements.txt'))) {
    return { pythonOf: () => Promise.resolve(own) };
  }
  const shared = join(settings.workDirectory, 'environments');
  await mkdir(shared, { recursive: true });
  await chmod(shared, 0o755);
  return workerPythons({
    ...{ python, path, objects, clock, users, sandbox },
    settings: settings.networkSettings,
    versions: {
      // Told in the job's log: what a worker's version is, the task's credentials may not write.
      putEnvironment: () => Promise.resolve(),
      versionOf: async (job) => {
        const version = await versions.versionOf(job);
        return version === undefined ? undefined : { ...version, type: 'venv' };
      },
    },
    environments: environments({
      ...{ folder: shared, maxIdle: MAX_IDLE_ENVIRONMENTS, clock },
      signal: stopping.signal,
    }),
    // What other sessions' code runs, credentials of one session may not write.
    shared: UNSHARED,
    uvFolder: join(settings.workDirectory, 'pythons'),
    signal: stopping.signal,
    onBuild: (name, facts) => {
      logger.info('an environment was made', { name, ...facts });
    },
  });
};

try {
  const worker = await versions.versionOf(settings);
  if (worker?.docker === undefined) throw new Error('the worker has no such version');
  const unpacked = join(folder.modules, 'worker');
  await mkdir(unpacked, { recursive: true });
  const key = objectKeys.workerPackage(settings.worker, settings.workerHash);
  await unpackZip(await objects.getBytes(key), unpacked);
  const dependencies = {
    ...{ store, taskId, signals, clock, logger },
    executions: stepFunctions(new SFNClient(credentials)),
    folders: settings.folders,
    workerFolder: unpacked,
    python,
    tools: {
      ...{ objects, path },
      sessionObjects: sessionObjects(objects),
      pythons: await pythonsOfScripts(unpacked),
      groups: groupCache({
        objects,
        folder: folder.groups,
        maxBytes: MAX_STAGED_BYTES,
        limit: limiter(PARALLEL_GETS),
      }),
      modules: serviceModules(objects, folder.modules),
      endpoint: jobEndpoint({
        ...{ objects, clock },
        store: tableSessionData(table),
        peers: peerDirectory(configuration.destinations, store),
        decisions: tableGroups(table, objects),
        onFailure: (error, jobId) => {
          logger.error('a request of a script failed', { jobId, ...errorFacts(error) });
        },
      }),
      hosts,
      folders: folder,
      writable: [settings.folders.session],
      memoryLimitBytes: settings.scriptMemoryBytes,
      onStart: (jobId: string) => {
        logger.info('a script starts', { jobId });
      },
      onLeftRunning: (jobId: string, processes: number) => {
        logger.error('processes of a script could not be ended', { jobId, processes });
      },
    },
  };
  const done =
    state === undefined
      ? await fetchJob(
          dependencies,
          readTaskJob(process.env),
          worker.docker,
          readCredentialVariables(process.env),
        )
      : await reportJob({ ...dependencies, metadata }, worker.docker, state);
  process.exitCode = done ? 0 : 1;
} finally {
  await hosts.close();
  await folder.remove();
}
