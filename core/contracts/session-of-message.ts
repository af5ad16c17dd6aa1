/** Of which session a message is, whichever queue of a session's functions it lies in; what else it says stays unread. */
import { z } from 'zod';
import { parseExecutionName, parseJobId } from './keys.ts';
import { messageBody } from './message-body.ts';

const sessionOfJob = (jobId: string): string | undefined => parseJobId(jobId)?.sessionId;

/** By fields that no later version may rename: each version reads the messages of every other. */
const AnyMessage = messageBody(
  z.union([
    z.object({ sessionId: z.string() }).transform(({ sessionId }) => sessionId),
    z
      .object({ renewCredentials: z.object({ jobId: z.string() }) })
      .transform(({ renewCredentials }) => sessionOfJob(renewCredentials.jobId)),
    z
      .object({ detail: z.object({ startedBy: z.string() }) })
      .transform(({ detail }) => sessionOfJob(parseExecutionName(detail.startedBy)?.id ?? '')),
  ]),
);

/** Undefined for what is of no session: of a runner, of an image, of nothing that is known. */
export const sessionOfMessage = (body: string): string | undefined =>
  AnyMessage.safeParse(body).data;
