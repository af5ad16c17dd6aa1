/** When the message of a job came into its queue, by the history of the job's execution: the emulator notes when it sends it. */
import { GetExecutionHistoryCommand, SFNClient } from '@aws-sdk/client-sfn';
import { executionName } from '../../core/contracts/keys.ts';
import { DEFAULT_DEPLOYMENT, resourceNames } from '../../core/contracts/names.ts';
import { EMULATED_ACCOUNT, EMULATED_REGION, emulatedConnection } from '../../local/emulator.ts';

const SENDING = 'TaskScheduled';

/** Milliseconds since the epoch, for the first run of each job, in their order. */
export const messageTimes = async (port: number, jobIds: readonly string[]): Promise<number[]> => {
  const client = new SFNClient(emulatedConnection(port));
  const { jobMachine } = resourceNames(DEFAULT_DEPLOYMENT);
  const times: number[] = [];
  try {
    for (const id of jobIds) {
      const { events = [] } = await client.send(
        new GetExecutionHistoryCommand({
          executionArn: `arn:aws:states:${EMULATED_REGION}:${EMULATED_ACCOUNT}:execution:${jobMachine}:${executionName(id, 1)}`,
        }),
      );
      const sent = events.find(({ type }) => type === SENDING)?.timestamp;
      if (sent === undefined) throw new Error(`the execution of ${id} sent no message`);
      times.push(sent.getTime());
    }
    return times;
  } finally {
    client.destroy();
  }
};
