/** The function of the site's job processors: reads its environment and makes its clients once. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@aws-lambda-powertools/logger';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SQSClient } from '@aws-sdk/client-sqs';
import { documentClient, objectClient } from '../../aws/clients.ts';
import { tableConfiguration } from '../../aws/configuration.ts';
import { tableDeliveries, tableHandOver, tableProcessorStates } from '../../aws/deliveries.ts';
import { stepFunctions } from '../../aws/executions.ts';
import { tableGroups } from '../../aws/groups.ts';
import { bucketObjects } from '../../aws/objects.ts';
import { tableReclaims } from '../../aws/reclaims.ts';
import { sqsQueues } from '../../aws/queues.ts';
import { tableSessions } from '../../aws/sessions.ts';
import { dynamoTable } from '../../aws/table.ts';
import { limit } from '../../aws/time-limit.ts';
import { readVariables } from '../../core/contracts/environment.ts';
import { ENV } from '../../core/contracts/names.ts';
import { readPlatformVersions } from '../../core/contracts/platform-versions.ts';
import { submitSession } from '../../core/processors/extension/submission.ts';
import { processors } from '../../site/processors/index.ts';
import { makeHandler } from './handler.ts';

const variables = readVariables(process.env, [
  ENV.table,
  ENV.bucket,
  ENV.processorsQueueUrl,
  ENV.sessionMachineArn,
]);
const table = dynamoTable(documentClient(), variables[ENV.table]);
const queues = sqsQueues(new SQSClient({}));
const configuration = tableConfiguration(table);
const groups = tableGroups(table, bucketObjects(objectClient(process.env), variables[ENV.bucket]));
const logger = new Logger();
const clock = Date.now;
const submission = {
  reclaims: tableReclaims(table),
  groups,
  sessions: tableSessions(table),
  executions: stepFunctions(new SFNClient({}), logger),
  sessionMachineArn: variables[ENV.sessionMachineArn],
  platformVersions: readPlatformVersions(process.env),
  pipelineExists: async (id: string) => (await configuration.pipelines.get(id)) !== undefined,
  clock,
  sleep: (milliseconds: number) => sleep(milliseconds),
};

export const handler = makeHandler({
  processors,
  groups,
  deliveries: tableDeliveries(table),
  states: tableProcessorStates(table),
  handOver: tableHandOver(table, clock),
  aeTitleSettings: (aeTitle) => configuration.aeTitles.get(aeTitle),
  submit: async (wanted) => (await submitSession(submission, wanted)).sessionId,
  send: (message, delaySeconds) =>
    queues.send(variables[ENV.processorsQueueUrl], message, delaySeconds),
  clock,
  limit,
  randomId: randomUUID,
  log: {
    info: (message, facts = {}) => {
      logger.info(message, { ...facts });
    },
    warn: (message, facts = {}) => {
      logger.warn(message, { ...facts });
    },
    error: (message, facts = {}) => {
      logger.error(message, { ...facts });
    },
  },
  logger,
});
