/** The emulated table, bucket and queue behind the listener, and nobody who would release its groups. */
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { z } from 'zod';
import { tableConfiguration } from '../../aws/configuration.ts';
import { newAeTitle } from '../../core/contracts/configuration.ts';
import { groupKeyId, tableKeys } from '../../core/contracts/keys.ts';
import { startEmulator } from '../../test/support/emulator.ts';
import type { CloudAddress } from './receivers.ts';

const NAME = 'bench';
const GROUP_BY = ['StudyInstanceUID'];

export interface BenchCloud {
  readonly address: CloudAddress;
  addAeTitle(aeTitle: string): Promise<void>;
  /** How many instances of a study the table has for an AE title. */
  instances(aeTitle: string, studyInstanceUid: string): Promise<number>;
  stop(): Promise<void>;
}

export const startBenchCloud = async (): Promise<BenchCloud> => {
  const emulator = await startEmulator();
  const { endpoint, region, credentials } = emulator.connection;
  const table = await emulator.createTable(NAME);
  await emulator.createBucket(NAME);
  const queues = new SQSClient(emulator.connection);
  const { QueueUrl = '' } = await queues.send(new CreateQueueCommand({ QueueName: NAME }));
  const { aeTitles } = tableConfiguration(table);
  return {
    address: {
      awsEnvironment: {
        AWS_ENDPOINT_URL: endpoint,
        AWS_REGION: region,
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      },
      table: NAME,
      bucket: NAME,
      checksQueueUrl: QueueUrl,
    },
    addAeTitle: (aeTitle) => aeTitles.put(aeTitle, { ...newAeTitle(aeTitle), groupBy: GROUP_BY }),
    instances: async (aeTitle, studyInstanceUid) => {
      const keyId = groupKeyId(aeTitle, GROUP_BY, [studyInstanceUid]);
      const { pk } = tableKeys.group(keyId, 1);
      return (await table.queryAll(pk, tableKeys.instancePrefix, z.unknown())).length;
    },
    stop: async () => {
      queues.destroy();
      await emulator.stop();
    },
  };
};
