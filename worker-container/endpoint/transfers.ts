/** What a job sent to other AE titles, put on record: the story of its session tells where results went. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import type { Clock } from '../../core/contracts/ports.ts';
import type { GroupStore } from '../../core/processors/group-store.ts';
import { readBody, Refused } from './exchange.ts';
import type { JobAccess } from './job-access.ts';

const MAX_BYTES = 4096;

/** One association; `established` is false when the receiver rejected it, or could not be reached. */
const Transfer = z.object({
  aeTitle: z.string().max(64),
  host: z.string().max(255),
  port: z.int().min(0).max(65_535),
  established: z.boolean(),
  stored: z.int().min(0),
  failed: z.int().min(0),
});
type Transfer = z.infer<typeof Transfer>;

const outcomeOf = ({ established, stored, failed }: Transfer): string => {
  if (!established) return 'sent nothing, because there was no association';
  const total = stored + failed;
  const sent = `sent ${total} ${total === 1 ? 'instance' : 'instances'}`;
  return failed === 0
    ? `${sent}, and all were stored`
    : `${sent}, and ${failed} of them ${failed === 1 ? 'was' : 'were'} not stored`;
};

const transferIn = async (request: IncomingMessage): Promise<Transfer> => {
  try {
    return Transfer.parse(JSON.parse((await readBody(request, MAX_BYTES)).toString()));
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new Refused(
      400,
      'a transfer is told with aeTitle, host, port, established, stored, failed',
    );
  }
};

export const transferRoute =
  (decisions: Pick<GroupStore, 'recordDecision'>, clock: Clock) =>
  async (request: IncomingMessage, { jobId, jobName, sessionId }: JobAccess): Promise<void> => {
    const transfer = await transferIn(request);
    const { aeTitle, host, port, failed, established } = transfer;
    await decisions.recordDecision({
      ...{ id: randomUUID(), at: clock(), sessionId, jobId },
      code: established && failed === 0 ? 'results-sent' : 'results-not-sent',
      message: `to ${aeTitle} at ${host}:${port} the job "${jobName}" ${outcomeOf(transfer)}`,
    });
  };
