/** The emulated table, bucket and queue behind the listener, and nobody who would release its groups. */
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { tableConfiguration } from '../../aws/configuration.ts';
import { AE_TITLE_DEFAULTS } from '../../core/contracts/configuration.ts';
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
    addAeTitle: (aeTitle) =>
      aeTitles.put(aeTitle, {
        ...AE_TITLE_DEFAULTS,
        aeTitle,
        processor: 'ae-title',
        groupBy: GROUP_BY,
        pipelines: {},
        accept: [],
        ignore: [],
      }),
    instances: (aeTitle, studyInstanceUid) => {
      const keyId = groupKeyId(aeTitle, GROUP_BY, [studyInstanceUid]);
      return table.count(tableKeys.group(keyId, 1).pk, tableKeys.instancePrefix);
    },
    stop: async () => {
      queues.destroy();
      await emulator.stop();
    },
  };
};
