/** The sweep Lambda: reads its environment and makes its clients once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@aws-lambda-powertools/logger';
import { ECSClient } from '@aws-sdk/client-ecs';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SQSClient } from '@aws-sdk/client-sqs';
import { documentClient, objectClient } from '../../aws/clients.ts';
import { tableCache } from '../../aws/cache.ts';
import { tableConfiguration } from '../../aws/configuration.ts';
import { tableDeliveries, tableHandOver } from '../../aws/deliveries.ts';
import { stepFunctions } from '../../aws/executions.ts';
import { tableGroups } from '../../aws/groups.ts';
import { bucketListing } from '../../aws/object-listing.ts';
import { bucketObjects } from '../../aws/objects.ts';
import { sqsQueues } from '../../aws/queues.ts';
import { lookAtSenders } from '../../aws/sender-habits.ts';
import { tableRunners } from '../../aws/runners.ts';
import { tableSessionData } from '../../aws/session-data.ts';
import { tableSessions } from '../../aws/sessions.ts';
import { dynamoTable } from '../../aws/table.ts';
import { ecsTasks } from '../../aws/tasks.ts';
import { readVariables } from '../../core/contracts/environment.ts';
import { executionName } from '../../core/contracts/keys.ts';
import { taskStopped } from '../../core/contracts/messages.ts';
import { ENV } from '../../core/contracts/names.ts';
import { readPlatformVersions } from '../../core/contracts/platform-versions.ts';
import { metricLines } from '../../core/operations/metric-lines.ts';
import { platformState } from '../../core/operations/platform-state.ts';
import { sweepCaches } from '../../core/processors/extension/cache.ts';
import { sweepDeliveries } from '../../core/processors/extension/deliver.ts';
import { sweepGroups } from '../../core/processors/stability.ts';
import { removeKeptData } from '../../core/running/kept-data.ts';
import { makeHandler } from './handler.ts';

const variables = readVariables(process.env, [
  ENV.deployment,
  ENV.table,
  ENV.bucket,
  ENV.stabilityChecksQueueUrl,
  ENV.planQueueUrl,
  ENV.advanceQueueUrl,
  ENV.processorsQueueUrl,
  ENV.workQueueUrlPrefix,
  ENV.tasksQueueUrl,
  ENV.cluster,
  ENV.sessionMachineArn,
  ENV.jobMachineArn,
]);
const table = dynamoTable(documentClient(), variables[ENV.table]);
const queues = sqsQueues(new SQSClient({}));
const tasks = ecsTasks(new ECSClient({}), {
  ...{ cluster: variables[ENV.cluster], subnets: [], securityGroups: [] },
});
const objects = bucketObjects(objectClient(process.env), variables[ENV.bucket]);
const logger = new Logger();
const shared = {
  sessions: tableSessions(table),
  executions: stepFunctions(new SFNClient({}), logger),
  sessionMachineArn: variables[ENV.sessionMachineArn],
  platformVersions: readPlatformVersions(process.env),
  clock: Date.now,
};

const groups = tableGroups(table, objects);
const configuration = tableConfiguration(table);

export const handler = makeHandler({
  ...shared,
  sweepGroups: () =>
    sweepGroups({
      ...shared,
      groups,
      sendCheck: (check, delaySeconds) =>
        queues.send(variables[ENV.stabilityChecksQueueUrl], check, delaySeconds),
      sleep: (milliseconds) => sleep(milliseconds),
    }),
  sweepCaches: async () =>
    sweepCaches(
      {
        cache: tableCache(table),
        groups,
        handOver: tableHandOver(table, Date.now),
        clock: Date.now,
      },
      await configuration.aeTitles.list(),
    ),
  platformState: () =>
    platformState({
      ...{ ...shared, groups, queues, workers: configuration.workers },
      deployment: variables[ENV.deployment],
      queueUrls: [
        variables[ENV.stabilityChecksQueueUrl],
        variables[ENV.planQueueUrl],
        variables[ENV.advanceQueueUrl],
        variables[ENV.processorsQueueUrl],
        variables[ENV.tasksQueueUrl],
      ],
      workQueueUrlPrefix: variables[ENV.workQueueUrlPrefix],
    }),
  silentSenders: () => lookAtSenders(table, Date.now),
  report: metricLines(variables[ENV.deployment], Date.now, (line) => {
    process.stdout.write(`${line}\n`);
  }),
  sweepDeliveries: () =>
    sweepDeliveries({
      deliveries: tableDeliveries(table),
      send: (message, delaySeconds) =>
        queues.send(variables[ENV.processorsQueueUrl], message, delaySeconds),
      clock: Date.now,
    }),
  removeKeptData: () =>
    removeKeptData({
      ...shared,
      objects,
      listing: bucketListing(objectClient(process.env), variables[ENV.bucket]),
      sessionData: tableSessionData(table),
    }),
  queues,
  runners: tableRunners(table),
  workers: configuration.workers,
  jobMachineArn: variables[ENV.jobMachineArn],
  workQueueUrlPrefix: variables[ENV.workQueueUrlPrefix],
  dockerQueueUrl: variables[ENV.tasksQueueUrl],
  jobTask: {
    look: (startedBy) => tasks.ofStarter(startedBy),
    // As the event would have told it: one place decides what it means.
    settle: ({ jobId, run }, task) =>
      queues.send(variables[ENV.tasksQueueUrl], taskStopped(executionName(jobId, run), task)),
  },
  advanceQueueUrl: variables[ENV.advanceQueueUrl],
  logger,
});
