/** The tasks Lambda: reads its environment and makes its clients once. */
import { Logger } from '@aws-lambda-powertools/logger';
import { ECSClient } from '@aws-sdk/client-ecs';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SQSClient } from '@aws-sdk/client-sqs';
import { STSClient } from '@aws-sdk/client-sts';
import { documentClient, objectClient } from '../../aws/clients.ts';
import { tableConfiguration } from '../../aws/configuration.ts';
import { stepFunctions } from '../../aws/executions.ts';
import { lambdaFunctions } from '../../aws/functions.ts';
import { tableGroups } from '../../aws/groups.ts';
import { bucketObjects } from '../../aws/objects.ts';
import { passingOn } from '../../aws/passing-on.ts';
import { sqsQueues } from '../../aws/queues.ts';
import { tableRunners } from '../../aws/runners.ts';
import { tableSessions } from '../../aws/sessions.ts';
import { dynamoTable } from '../../aws/table.ts';
import { stsCredentials, tableRenewedCredentials } from '../../aws/task-credentials.ts';
import { ecsTaskDefinitions } from '../../aws/task-definitions.ts';
import { tableTaskPlaces } from '../../aws/task-places.ts';
import { ecsTasks } from '../../aws/tasks.ts';
import { tableWorkerImages, tableWorkerVersions } from '../../aws/worker-versions.ts';
import { TASK_PROGRAM } from '../../core/contracts/docker-task.ts';
import { readVariables } from '../../core/contracts/environment.ts';
import { readGpuCapacity } from '../../core/contracts/gpu-capacity.ts';
import { GroupManifest } from '../../core/contracts/items.ts';
import { shortHash } from '../../core/contracts/keys.ts';
import { objectKeys } from '../../core/contracts/object-keys.ts';
import { ENV, resourceNames } from '../../core/contracts/names.ts';
import { dockerTaskDefinition } from '../../core/running/docker-task.ts';
import { runnerTaskEnded } from '../../core/running/runner-task-ended.ts';
import {
  credentialsOf,
  renewCredentials,
  type TaskCredentialsDependencies,
} from '../../core/running/task-credentials.ts';
import { imageMade } from '../../core/running/worker-image.ts';
import { makeHandler } from './handler.ts';

const variables = readVariables(process.env, [
  ENV.deployment,
  ENV.table,
  ENV.bucket,
  ENV.advanceQueueUrl,
  ENV.tasksQueueUrl,
  ENV.workQueueUrlPrefix,
  ENV.jobMachineArn,
  ENV.cluster,
  ENV.subnets,
  ENV.securityGroups,
  ENV.taskImage,
  ENV.runnerCpu,
  ENV.runnerMemoryMiB,
]);
const optional = (name: string): string | undefined => process.env[name];
const listOf = (text: string): string[] => text.split(',').filter((part) => part !== '');
const names = resourceNames(variables[ENV.deployment]);
const advanceQueueUrl = variables[ENV.advanceQueueUrl];
const table = dynamoTable(documentClient(), variables[ENV.table]);
const sessions = tableSessions(table);
const workers = tableConfiguration(table).workers;
const runners = tableRunners(table);
const images = tableWorkerImages(table);
const ecs = new ECSClient({});

const queues = sqsQueues(new SQSClient({}));
const gpuCapacity = readGpuCapacity(process.env, variables[ENV.deployment]);

const executionRoleArn = optional(ENV.taskExecutionRoleArn);
const site = {
  platformImage: variables[ENV.taskImage],
  cpu: Number(variables[ENV.runnerCpu]),
  memoryMiB: Number(variables[ENV.runnerMemoryMiB]),
  ...('onDemand' in gpuCapacity
    ? {
        gpu: {
          kind: gpuCapacity.kind,
          cpu: Number(optional(ENV.gpuTaskCpu)),
          memoryMiB: Number(optional(ENV.gpuTaskMemoryMiB)),
        },
      }
    : {}),
  program: executionRoleArn === undefined ? [] : [TASK_PROGRAM],
  environment: {
    [ENV.deployment]: variables[ENV.deployment],
    [ENV.table]: variables[ENV.table],
    [ENV.bucket]: variables[ENV.bucket],
    [ENV.tasksQueueUrl]: variables[ENV.tasksQueueUrl],
  },
  ...(executionRoleArn === undefined
    ? {}
    : {
        onAws: {
          executionRoleArn,
          logGroup: optional(ENV.taskLogGroup) ?? '',
          region: optional('AWS_REGION') ?? '',
        },
      }),
};

const objects = bucketObjects(objectClient(process.env), variables[ENV.bucket]);

/** On AWS alone: the containers of the embedded cloud have the platform's own. */
const jobRoleArn = optional(ENV.taskJobRoleArn);
const credentials: TaskCredentialsDependencies | undefined =
  jobRoleArn === undefined
    ? undefined
    : {
        sessions,
        manifestOf: async (groupId) =>
          GroupManifest.parse(await objects.getJson(objectKeys.groupManifest(groupId))),
        issue: stsCredentials(new STSClient({}), jobRoleArn),
        putRenewed: tableRenewedCredentials(table).put,
        site: {
          tableArn: optional(ENV.tableArn) ?? '',
          bucketArn: optional(ENV.bucketArn) ?? '',
          tasksQueueArn: optional(ENV.tasksQueueArn) ?? '',
        },
      };

const shared = {
  sessions,
  decisions: tableGroups(table, objects),
  functions: lambdaFunctions(new LambdaClient({})),
  clock: Date.now,
  logger: new Logger(),
};

const handleHere = makeHandler({
  ...shared,
  workers,
  versionOf: tableWorkerVersions(table).versionOf,
  objects,
  tasks: ecsTasks(ecs, {
    cluster: variables[ENV.cluster],
    subnets: listOf(variables[ENV.subnets]),
    securityGroups: listOf(variables[ENV.securityGroups]),
    gpu: gpuCapacity,
  }),
  gpuCapacity,
  ensureDefinition: ecsTaskDefinitions(ecs).ensure,
  imageOf: async ({ name, hash = '' }) => images.get(name, hash),
  imageMade: (message) => imageMade({ images, objects, clock: shared.clock }, message),
  definitionOf: (worker, image) => {
    // The definition of a family never changes: whatever goes into it goes into its name.
    const content = JSON.stringify([
      worker.name,
      worker.hash,
      worker.docker,
      worker.gpu,
      worker.cpu,
      worker.memoryMiB,
      image,
      site,
    ]);
    const family = names.dockerFamily(worker.name, shortHash(content, 12));
    return dockerTaskDefinition(worker, image, { ...site, family });
  },
  queues,
  places: tableTaskPlaces(table),
  executions: stepFunctions(new SFNClient({}), shared.logger),
  jobMachineArn: variables[ENV.jobMachineArn],
  workQueueUrlPrefix: variables[ENV.workQueueUrlPrefix],
  dockerQueueUrl: variables[ENV.tasksQueueUrl],
  advanceQueueUrl,
  runnerEnded: (runnerId, task) =>
    runnerTaskEnded({ sessions, workers, queues, runners, advanceQueueUrl }, runnerId, task),
  credentialsOf: async (job) =>
    credentials === undefined ? undefined : credentialsOf(credentials, job),
  renew: async (request, holder) =>
    credentials === undefined ? 'refused' : renewCredentials(credentials, request, holder),
});

export const handler = passingOn(
  { ...shared, part: 'tasks', environment: process.env },
  handleHere,
);
