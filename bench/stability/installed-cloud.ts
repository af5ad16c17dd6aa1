/** Table, bucket and state machine of a running Gantry's emulator, by the stores of Gantry's own functions. */
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { stepFunctions } from '../../aws/executions.ts';
import { tableGroups } from '../../aws/groups.ts';
import { bucketObjects } from '../../aws/objects.ts';
import { tableSessions } from '../../aws/sessions.ts';
import { dynamoTable } from '../../aws/table.ts';
import { emulatedConnection } from '../../local/emulator.ts';

/** As many as the processes of a function have together. */
const MAX_SOCKETS = 250;

const outputsOf = async (port: number): Promise<ReadonlyMap<string, string>> => {
  const client = new CloudFormationClient(emulatedConnection(port));
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({}));
    return new Map(
      Stacks.flatMap(({ Outputs = [] }) =>
        Outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue] as const),
      ),
    );
  } finally {
    client.destroy();
  }
};

/** Throws if what is deployed there is no Gantry. */
export const installedCloud = async (port: number) => {
  const outputs = await outputsOf(port);
  const output = (name: string): string => {
    const value = outputs.get(name);
    if (value === undefined) throw new Error(`no stack has the output ${name}`);
    return value;
  };
  const connection = {
    ...emulatedConnection(port),
    requestHandler: { httpAgent: { maxSockets: MAX_SOCKETS } },
  };
  const database = new DynamoDBClient(connection);
  const storage = new S3Client({ ...connection, forcePathStyle: true });
  const machines = new SFNClient(connection);
  const table = dynamoTable(
    DynamoDBDocumentClient.from(database, { marshallOptions: { removeUndefinedValues: true } }),
    output('TableName'),
  );
  return {
    groups: tableGroups(table, bucketObjects(storage, output('BucketName'))),
    sessions: tableSessions(table),
    executions: stepFunctions(machines),
    sessionMachineArn: output('SessionMachineArn'),
    close: (): void => {
      for (const client of [database, storage, machines]) client.destroy();
    },
  };
};
export type InstalledCloud = Awaited<ReturnType<typeof installedCloud>>;
