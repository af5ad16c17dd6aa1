/** The reclaimer's Lambda: reads its environment and makes its clients once. */
import { Logger } from '@aws-lambda-powertools/logger';
import { documentClient, objectClient } from '../../aws/clients.ts';
import { tableConfiguration } from '../../aws/configuration.ts';
import { tableGroups } from '../../aws/groups.ts';
import { bucketObjects } from '../../aws/objects.ts';
import { tableReclaims } from '../../aws/reclaims.ts';
import { tableSessions } from '../../aws/sessions.ts';
import { dynamoTable } from '../../aws/table.ts';
import { readVariables } from '../../core/contracts/environment.ts';
import { ENV } from '../../core/contracts/names.ts';
import { makeHandler } from './handler.ts';

const variables = readVariables(process.env, [ENV.table, ENV.bucket]);
const table = dynamoTable(documentClient(), variables[ENV.table]);
const objects = bucketObjects(objectClient(process.env), variables[ENV.bucket]);

export const handler = makeHandler({
  objects,
  groups: tableGroups(table, objects),
  reclaims: tableReclaims(table),
  sessions: tableSessions(table),
  aeTitles: tableConfiguration(table).aeTitles,
  clock: Date.now,
  logger: new Logger(),
});
