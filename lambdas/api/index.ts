/** The API's function: reads the environment once, builds its clients, and exports the handler. */
import { Logger } from '@aws-lambda-powertools/logger';
import { ECRClient } from '@aws-sdk/client-ecr';
import { ECSClient } from '@aws-sdk/client-ecs';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SQSClient } from '@aws-sdk/client-sqs';
import { z } from 'zod';
import { awsAccount } from '../../aws/account.ts';
import { documentClient, objectClient } from '../../aws/clients.ts';
import { tableCache } from '../../aws/cache.ts';
import { tableConfiguration } from '../../aws/configuration.ts';
import { tableDeliveries, tableHandOver } from '../../aws/deliveries.ts';
import { stepFunctions } from '../../aws/executions.ts';
import { lambdaFunctions } from '../../aws/functions.ts';
import { tableGroups } from '../../aws/groups.ts';
import { bucketObjects } from '../../aws/objects.ts';
import { sqsQueues } from '../../aws/queues.ts';
import { tableReclaims } from '../../aws/reclaims.ts';
import { registryFunctions } from '../../aws/registry-functions.ts';
import { tableRunners } from '../../aws/runners.ts';
import { tableSessionData } from '../../aws/session-data.ts';
import { tableSessions } from '../../aws/sessions.ts';
import { dynamoTable } from '../../aws/table.ts';
import { tableWorkerImages } from '../../aws/worker-versions.ts';
import { sqsWorkQueues } from '../../aws/work-queues.ts';
import { AccountNeeds } from '../../core/contracts/account-needs.ts';
import { readGpuCapacity } from '../../core/contracts/gpu-capacity.ts';
import { errorFacts } from '../../core/contracts/message-body.ts';
import { ENV } from '../../core/contracts/names.ts';
import { readPlatformVersions } from '../../core/contracts/platform-versions.ts';
import { checkAccount } from '../../core/operations/account-checks.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { routedAdmission } from './admission.ts';
import type { ApiContext } from './context.ts';
import { makeHandler } from './handler.ts';
import { siteProcessors } from './site-processors.ts';

const environment = z
  .object({
    [ENV.deployment]: z.string().min(1),
    [ENV.table]: z.string().min(1),
    [ENV.bucket]: z.string().min(1),
    [ENV.stabilityChecksQueueUrl]: z.string().min(1),
    [ENV.planQueueUrl]: z.string().min(1),
    [ENV.advanceQueueUrl]: z.string().min(1),
    [ENV.processorsQueueUrl]: z.string().min(1),
    [ENV.sessionMachineArn]: z.string().min(1),
    [ENV.jobMachineArn]: z.string().min(1),
    [ENV.processorsFunctionName]: z.string().min(1),
    [ENV.workQueueUrlPrefix]: z.string().min(1),
    [ENV.registryLayerArn]: z.string().min(1),
    [ENV.registryRoleArn]: z.string().min(1),
    [ENV.registryLogGroup]: z.string().min(1),
    [ENV.subnets]: z.string().min(1),
    [ENV.registrySecurityGroup]: z.string().min(1).optional(),
    [ENV.runnerSlots]: z.coerce.number().int().min(1),
    [ENV.maxRunners]: z.coerce.number().int().min(1),
    [ENV.accountNeeds]: z
      .string()
      .transform((text) => AccountNeeds.parse(JSON.parse(text)))
      .optional(),
    [ENV.runnerCpu]: z.coerce.number().int().min(1),
    [ENV.runnerMemoryMiB]: z.coerce.number().int().min(1),
    [ENV.imageMachineArn]: z.string().optional(),
  })
  .parse(process.env);

const table = dynamoTable(documentClient(), environment[ENV.table]);
const bucket = environment[ENV.bucket];
const objects = bucketObjects(objectClient(process.env), bucket);

const sqs = new SQSClient({});
const runnerDefaults = {
  slots: environment[ENV.runnerSlots],
  maxRunners: environment[ENV.maxRunners],
};

const lambda = new LambdaClient({});
const shared = {
  deliveries: tableDeliveries(table),
  cache: tableCache(table),
  processorsQueueUrl: environment[ENV.processorsQueueUrl],
  groups: tableGroups(table, objects),
  queues: sqsQueues(sqs),
  stabilityChecksQueueUrl: environment[ENV.stabilityChecksQueueUrl],
  clock: Date.now,
  logger: new Logger(),
};

const needs = environment[ENV.accountNeeds];
const account = awsAccount(new ServiceQuotasClient({}), new ECSClient({}), new ECRClient({}));

const registrySecurityGroup = environment[ENV.registrySecurityGroup];

const context: ApiContext = {
  ...shared,
  version: packageJson.version,
  deployment: environment[ENV.deployment],
  table,
  configuration: tableConfiguration(table),
  reclaims: tableReclaims(table),
  admit: routedAdmission(shared),
  processors: siteProcessors(lambdaFunctions(lambda), environment[ENV.processorsFunctionName]),
  sessions: tableSessions(table),
  handOver: tableHandOver(table, shared.clock),
  sessionData: tableSessionData(table),
  executions: stepFunctions(new SFNClient({}), shared.logger),
  sessionMachineArn: environment[ENV.sessionMachineArn],
  platformVersions: readPlatformVersions(process.env),
  jobMachineArn: environment[ENV.jobMachineArn],
  advanceQueueUrl: environment[ENV.advanceQueueUrl],
  objects,
  registryFunctions: registryFunctions(lambda, {
    bucket,
    layerArn: environment[ENV.registryLayerArn],
    roleArn: environment[ENV.registryRoleArn],
    logGroup: environment[ENV.registryLogGroup],
    // Layer and platform functions are built for the same processors.
    architecture: process.arch === 'arm64' ? 'arm64' : 'x86_64',
    ...(registrySecurityGroup === undefined
      ? {}
      : {
          network: {
            subnets: environment[ENV.subnets].split(','),
            securityGroup: registrySecurityGroup,
          },
        }),
  }),
  workQueues: sqsWorkQueues(sqs, {
    deployment: environment[ENV.deployment],
    urlPrefix: environment[ENV.workQueueUrlPrefix],
    encrypted: process.env['AWS_ENDPOINT_URL'] === undefined,
  }),
  runners: tableRunners(table),
  runnerDefaults,
  workerImages: tableWorkerImages(table),
  imageMachineArn: environment[ENV.imageMachineArn],
  gpuCapacity: readGpuCapacity(process.env, environment[ENV.deployment]),
  runnerSize: {
    cpu: environment[ENV.runnerCpu],
    memoryMiB: environment[ENV.runnerMemoryMiB],
  },
  platformQueues: {
    'stability-checks': environment[ENV.stabilityChecksQueueUrl],
    plan: environment[ENV.planQueueUrl],
    advance: environment[ENV.advanceQueueUrl],
    processors: environment[ENV.processorsQueueUrl],
  },
  workQueueUrlPrefix: environment[ENV.workQueueUrlPrefix],
  checkAccount: () => (needs === undefined ? Promise.resolve([]) : checkAccount(account, needs)),
  temporaryDirectory: process.env['TMPDIR'] ?? '/tmp',
};

let initialised: Promise<void> | undefined;

/** Once per process; after a failure the next request tries again. */
const ready = async (): Promise<ApiContext> => {
  initialised ??= context.configuration.initialise(runnerDefaults);
  try {
    await initialised;
  } catch (error) {
    initialised = undefined;
    context.logger.error('not ready', { ...errorFacts(error) });
    throw error;
  }
  return context;
};

export const handler = makeHandler(ready);
