/** The plan Lambda: reads its environment and makes its clients once. */
import { Logger } from '@aws-lambda-powertools/logger';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SQSClient } from '@aws-sdk/client-sqs';
import { documentClient, objectClient } from '../../aws/clients.ts';
import { tableConfiguration } from '../../aws/configuration.ts';
import { stepFunctions } from '../../aws/executions.ts';
import { repeatingSoon } from '../../aws/failed-records.ts';
import { lambdaFunctions } from '../../aws/functions.ts';
import { tableGroups } from '../../aws/groups.ts';
import { bucketObjects } from '../../aws/objects.ts';
import { passingOn } from '../../aws/passing-on.ts';
import { registryCalls } from '../../aws/registry-functions.ts';
import { tableSessions } from '../../aws/sessions.ts';
import { dynamoTable } from '../../aws/table.ts';
import { readVariables } from '../../core/contracts/environment.ts';
import { ENV } from '../../core/contracts/names.ts';
import { makeHandler } from './handler.ts';

const variables = readVariables(process.env, [ENV.table, ENV.bucket, ENV.planQueueUrl]);
const table = dynamoTable(documentClient(), variables[ENV.table]);
const objects = bucketObjects(objectClient(process.env), variables[ENV.bucket]);

const lambda = new LambdaClient({});

const shared = {
  sessions: tableSessions(table),
  decisions: tableGroups(table, objects),
  functions: lambdaFunctions(lambda),
  clock: Date.now,
  logger: new Logger(),
};

export const handler = repeatingSoon(
  new SQSClient({}),
  variables[ENV.planQueueUrl],
  passingOn(
    { ...shared, part: 'plan', environment: process.env },
    makeHandler({
      ...shared,
      functions: registryCalls(lambda),
      objects,
      configuration: tableConfiguration(table),
      executions: stepFunctions(new SFNClient({})),
    }),
  ),
);
