/** The finish Lambda: reads its environment and makes its clients once. */
import { Logger } from '@aws-lambda-powertools/logger';
import { documentClient } from '../../aws/clients.ts';
import { tableSessionData } from '../../aws/session-data.ts';
import { tableSessions } from '../../aws/sessions.ts';
import { dynamoTable } from '../../aws/table.ts';
import { readVariables } from '../../core/contracts/environment.ts';
import { ENV } from '../../core/contracts/names.ts';
import { metricLines } from '../../core/operations/metric-lines.ts';
import { makeHandler } from './handler.ts';

const variables = readVariables(process.env, [ENV.deployment, ENV.table]);

const table = dynamoTable(documentClient(), variables[ENV.table]);

export const handler = makeHandler({
  sessions: tableSessions(table),
  sessionData: tableSessionData(table),
  clock: Date.now,
  logger: new Logger(),
  report: metricLines(variables[ENV.deployment], Date.now, (line) => {
    process.stdout.write(`${line}\n`);
  }),
});
