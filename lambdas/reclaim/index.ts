/** The reclaimer's Lambda: reads its environment and makes its clients once. */
import { Logger } from '@aws-lambda-powertools/logger';
import { documentClient, objectClient } from '../../aws/clients.ts';
import { tableConfiguration } from '../../aws/configuration.ts';
import { tableGroups } from '../../aws/groups.ts';
import { bucketListing } from '../../aws/object-listing.ts';
import { bucketObjects } from '../../aws/objects.ts';
import { storedInventory } from '../../aws/inventory.ts';
import { tableReclaims } from '../../aws/reclaims.ts';
import { tableSessions } from '../../aws/sessions.ts';
import { dynamoTable } from '../../aws/table.ts';
import { tableKeys } from '../../core/contracts/keys.ts';
import { readVariables } from '../../core/contracts/environment.ts';
import { ENV } from '../../core/contracts/names.ts';
import { makeHandler } from './handler.ts';

const variables = readVariables(process.env, [ENV.table, ENV.bucket]);
const documents = documentClient();
const s3 = objectClient(process.env);
const table = dynamoTable(documents, variables[ENV.table]);
const bucket = variables[ENV.bucket];
const objects = bucketObjects(s3, bucket);

export const handler = makeHandler({
  objects,
  groups: tableGroups(table, objects),
  reclaims: tableReclaims(table),
  sessions: tableSessions(table),
  aeTitles: tableConfiguration(table).aeTitles,
  listing: bucketListing(s3, bucket),
  inventory: storedInventory({ documents, tableName: variables[ENV.table], s3, bucket }),
  keepAudit: (audit) => table.put(tableKeys.storageAudit, audit),
  clock: Date.now,
  logger: new Logger(),
});
