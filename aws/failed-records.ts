/**
 * A record that a function gives back to its queue stays invisible for the rest of the queue's visibility
 * timeout, which for a function of minutes is an hour. This makes it visible again soon.
 */
import { ChangeMessageVisibilityCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';

/** Seconds before the first repetition; each further one waits this much longer, up to the limit. */
const STEP_SECONDS = 5;
const LIMIT_SECONDS = 120;

export type BatchHandler = (event: SQSEvent) => Promise<SQSBatchResponse>;

/** Wraps the handler of the queue at `queueUrl`; what it answers is passed on unchanged. */
export const repeatingSoon =
  (client: SQSClient, queueUrl: string, handle: BatchHandler): BatchHandler =>
  async (event) => {
    const answer = await handle(event);
    const failed = new Set(answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    await Promise.allSettled(
      event.Records.filter(({ messageId }) => failed.has(messageId)).map((record) =>
        client.send(
          new ChangeMessageVisibilityCommand({
            QueueUrl: queueUrl,
            ReceiptHandle: record.receiptHandle,
            VisibilityTimeout: Math.min(
              LIMIT_SECONDS,
              STEP_SECONDS * Number(record.attributes.ApproximateReceiveCount),
            ),
          }),
        ),
      ),
    );
    return answer;
  };
