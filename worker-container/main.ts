/** The runner's process: reads the environment, connects everything, runs until idle or told to stop. */
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Logger } from '@aws-lambda-powertools/logger';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SQSClient } from '@aws-sdk/client-sqs';
import { tableConfiguration } from '../aws/configuration.ts';
import { documentClient, objectClient } from '../aws/clients.ts';
import { stepFunctions } from '../aws/executions.ts';
import { tableGroups } from '../aws/groups.ts';
import { sqsMessages } from '../aws/message-source.ts';
import { bucketObjects } from '../aws/objects.ts';
import { sqsQueues } from '../aws/queues.ts';
import { tableRunners } from '../aws/runners.ts';
import { tableSessionData } from '../aws/session-data.ts';
import { tableSessions } from '../aws/sessions.ts';
import { dynamoTable } from '../aws/table.ts';
import { tableWorkerVersions } from '../aws/worker-versions.ts';
import { jobEndpoint } from './endpoint/job-endpoint.ts';
import { peerDirectory } from './endpoint/peers.ts';
import { environments } from './environments/environments.ts';
import { sharedEnvironments } from './environments/shared-environments.ts';
import { workerPythons } from './environments/worker-pythons.ts';
import { sessionObjects } from './execution/attempt.ts';
import { callbackHosts, type CallbackHosts } from './execution/callback-hosts.ts';
import { requiredIsolation } from './isolation/isolation.ts';
import { makeJobHandler } from './job-handler.ts';
import { runRunner } from './runner.ts';
import { readSettings } from './settings.ts';
import { errorFacts } from '../core/contracts/message-body.ts';
import { limiter } from '../core/running/concurrency.ts';
import { SPOT_PRIORITIES } from '../core/running/priorities.ts';
import { workQueueUrls } from '../core/running/start-job.ts';
import { groupCache } from './staging/group-cache.ts';
import { serviceModules } from './staging/service-modules.ts';
import { openWorkFolder } from './work-folder.ts';

/** Of the 20 GiB that a Fargate task has; the rest is for service code. */
const MAX_STAGED_BYTES = 10 * 1024 ** 3;
const PARALLEL_GETS = 16;
/** Virtual environments that stay on the disk although no runner uses them: some have gigabytes. */
const MAX_IDLE_ENVIRONMENTS = 4;

// Folders that attempts share are made open or shut by name; nothing is to depend on who started the runner.
process.umask(0o022);
const settings = readSettings(process.env);
const { worker, runnerId } = settings;
const clock = () => Date.now();
const logger = new Logger({
  serviceName: 'runner',
  persistentLogAttributes: { worker, runnerId },
});
const sqs = new SQSClient({});
const messages = sqsMessages(sqs);
const objects = bucketObjects(objectClient(process.env), settings.bucket);
const table = dynamoTable(documentClient(), settings.table);
const sessions = tableSessions(table);

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    stop.abort();
  });
}

const folder = await openWorkFolder(settings.workDirectory, runnerId);
const endpoint = jobEndpoint({
  store: tableSessionData(table),
  objects,
  peers: peerDirectory(tableConfiguration(table).destinations, sessions),
  decisions: tableGroups(table, objects),
  clock,
  onFailure: (error, jobId) => {
    logger.error('a request of service code failed', { jobId, ...errorFacts(error) });
  },
});

/** Of all runners of this computer, for callbacks of every user id to enter. */
const folderOfEnvironments = async (parent: string): Promise<string> => {
  const shared = join(parent, 'environments');
  await mkdir(shared, { recursive: true });
  await chmod(shared, 0o755);
  return shared;
};

let hosts: CallbackHosts | undefined;
try {
  const { kind, users, sandbox } = await requiredIsolation(
    { ...settings, sharedMemoryBytes: settings.jobMemoryBytes },
    folder,
    logger,
  );
  hosts = callbackHosts({
    ...{ path: settings.path, users, sandbox },
    ...{ attempts: folder.attempts, sockets: folder.sockets },
    maxWarm: settings.slots,
  });
  const end = await runRunner(
    {
      ...{ worker, runnerId, messages, clock, logger },
      slots: settings.slots,
      isolation: kind,
      lingerMs: settings.lingerMs,
      queueUrls: workQueueUrls(settings.workQueueUrlPrefix, worker, settings.priorities),
      // Whose jobs may be interrupted takes no others.
      spot: settings.priorities.every((priority) => SPOT_PRIORITIES.includes(priority)),
      advanceQueueUrl: settings.advanceQueueUrl,
      queues: sqsQueues(sqs),
      pool: tableRunners(table),
      handle: makeJobHandler({
        ...{ objects, messages, runnerId, clock, logger },
        store: sessions,
        executions: stepFunctions(new SFNClient({})),
        tools: {
          objects,
          sessionObjects: sessionObjects(objects),
          groups: groupCache({
            objects,
            folder: folder.groups,
            maxBytes: MAX_STAGED_BYTES,
            limit: limiter(PARALLEL_GETS),
          }),
          modules: serviceModules(objects, folder.modules),
          endpoint,
          hosts,
          folders: folder,
          memoryLimitBytes: settings.jobMemoryBytes,
          pythons: workerPythons({
            ...{ python: settings.python, path: settings.path, users, sandbox, objects, clock },
            settings: settings.networkSettings,
            versions: tableWorkerVersions(table),
            environments: environments({
              folder: await folderOfEnvironments(settings.workDirectory),
              maxIdle: MAX_IDLE_ENVIRONMENTS,
              signal: stop.signal,
              clock,
            }),
            shared: sharedEnvironments({
              ...{ objects, path: settings.path, clock, signal: stop.signal, logger },
            }),
            uvFolder: join(settings.workDirectory, 'pythons'),
            signal: stop.signal,
            onBuild: (name, facts) => {
              logger.info('an environment was made', { name, ...facts });
            },
          }),
          path: settings.path,
          onStart: (jobId, preparationMs) => {
            logger.info('callback starts', { jobId, preparationMs: Math.round(preparationMs) });
          },
          onLeftRunning: (jobId, processes) => {
            logger.error('processes of a callback could not be ended', { jobId, processes });
          },
        },
      }),
    },
    stop.signal,
  );
  logger.info('the runner ends', { end });
} finally {
  await hosts?.close();
  await folder.remove();
}
