/** The advance Lambda: reads its environment and makes its clients once. */
import { Logger } from '@aws-lambda-powertools/logger';
import { ECSClient } from '@aws-sdk/client-ecs';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SQSClient } from '@aws-sdk/client-sqs';
import { documentClient, objectClient } from '../../aws/clients.ts';
import { tableConfiguration } from '../../aws/configuration.ts';
import { stepFunctions } from '../../aws/executions.ts';
import { repeatingSoon } from '../../aws/failed-records.ts';
import { lambdaFunctions } from '../../aws/functions.ts';
import { tableGroups } from '../../aws/groups.ts';
import { bucketListing } from '../../aws/object-listing.ts';
import { bucketObjects } from '../../aws/objects.ts';
import { passingOn } from '../../aws/passing-on.ts';
import { sqsQueues } from '../../aws/queues.ts';
import { tableRunners } from '../../aws/runners.ts';
import { tableSessionData } from '../../aws/session-data.ts';
import { tableSessions } from '../../aws/sessions.ts';
import { dynamoTable } from '../../aws/table.ts';
import { ecsTasks } from '../../aws/tasks.ts';
import { readVariables } from '../../core/contracts/environment.ts';
import { readGpuCapacity } from '../../core/contracts/gpu-capacity.ts';
import { DEFAULT_WORKER, ENV, resourceNames } from '../../core/contracts/names.ts';
import { makeHandler } from './handler.ts';

const variables = readVariables(process.env, [
  ENV.deployment,
  ENV.table,
  ENV.bucket,
  ENV.advanceQueueUrl,
  ENV.workQueueUrlPrefix,
  ENV.tasksQueueUrl,
  ENV.jobMachineArn,
  ENV.cluster,
  ENV.subnets,
  ENV.securityGroups,
  ENV.runnerCpu,
  ENV.runnerMemoryMiB,
]);
const listOf = (text: string): string[] => text.split(',').filter((part) => part !== '');
const table = dynamoTable(documentClient(), variables[ENV.table]);
const s3 = objectClient(process.env);
const sqs = new SQSClient({});
const names = resourceNames(variables[ENV.deployment]);
const gpuCapacity = readGpuCapacity(process.env, variables[ENV.deployment]);

const objects = bucketObjects(s3, variables[ENV.bucket]);
const shared = {
  sessions: tableSessions(table),
  decisions: tableGroups(table, objects),
  functions: lambdaFunctions(new LambdaClient({})),
  clock: Date.now,
  logger: new Logger(),
};

export const handler = repeatingSoon(
  sqs,
  variables[ENV.advanceQueueUrl],
  passingOn(
    { ...shared, part: 'advance', environment: process.env },
    makeHandler({
      ...shared,
      sessionData: tableSessionData(table),
      runners: tableRunners(table),
      workers: tableConfiguration(table).workers,
      objects,
      listing: bucketListing(s3, variables[ENV.bucket]),
      queues: sqsQueues(sqs),
      executions: stepFunctions(new SFNClient({}), shared.logger),
      tasks: ecsTasks(new ECSClient({}), {
        cluster: variables[ENV.cluster],
        subnets: listOf(variables[ENV.subnets]),
        securityGroups: listOf(variables[ENV.securityGroups]),
        gpu: gpuCapacity,
      }),
      runnerFamily: names.runnerFamily(DEFAULT_WORKER),
      gpuRunnerFamily: names.gpuRunnerFamily,
      gpuCapacity,
      runnerSize: {
        cpu: Number(variables[ENV.runnerCpu]),
        memoryMiB: Number(variables[ENV.runnerMemoryMiB]),
      },
      jobMachineArn: variables[ENV.jobMachineArn],
      workQueueUrlPrefix: variables[ENV.workQueueUrlPrefix],
      dockerQueueUrl: variables[ENV.tasksQueueUrl],
      advanceQueueUrl: variables[ENV.advanceQueueUrl],
    }),
  ),
);
