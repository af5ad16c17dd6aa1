/** The stability-check Lambda: reads its environment and makes its clients once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@aws-lambda-powertools/logger';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SQSClient } from '@aws-sdk/client-sqs';
import { documentClient, objectClient } from '../../aws/clients.ts';
import { stepFunctions } from '../../aws/executions.ts';
import { repeatingSoon } from '../../aws/failed-records.ts';
import { tableGroups } from '../../aws/groups.ts';
import { bucketObjects } from '../../aws/objects.ts';
import { sqsQueues } from '../../aws/queues.ts';
import { tableSessions } from '../../aws/sessions.ts';
import { dynamoTable } from '../../aws/table.ts';
import { readVariables } from '../../core/contracts/environment.ts';
import { ENV } from '../../core/contracts/names.ts';
import { readPlatformVersions } from '../../core/contracts/platform-versions.ts';
import { makeHandler } from './handler.ts';

const variables = readVariables(process.env, [
  ENV.table,
  ENV.bucket,
  ENV.stabilityChecksQueueUrl,
  ENV.sessionMachineArn,
]);
const table = dynamoTable(documentClient(), variables[ENV.table]);
const sqs = new SQSClient({});
const queues = sqsQueues(sqs);
const logger = new Logger();

export const handler = repeatingSoon(
  sqs,
  variables[ENV.stabilityChecksQueueUrl],
  makeHandler({
    groups: tableGroups(table, bucketObjects(objectClient(process.env), variables[ENV.bucket])),
    sessions: tableSessions(table),
    executions: stepFunctions(new SFNClient({}), logger),
    sessionMachineArn: variables[ENV.sessionMachineArn],
    platformVersions: readPlatformVersions(process.env),
    sendCheck: (check, delaySeconds) =>
      queues.send(variables[ENV.stabilityChecksQueueUrl], check, delaySeconds),
    clock: Date.now,
    sleep: (milliseconds) => sleep(milliseconds),
    logger,
  }),
);
