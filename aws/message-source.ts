/** SQS as a MessageSource: for a process that takes messages when it has room for them. */
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  MessageNotInflight,
  ReceiptHandleIsInvalid,
  ReceiveMessageCommand,
  SQSServiceException,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { MessageSource } from '../core/contracts/ports.ts';

/** What SQS says, in one of several ways, of a message that another receiver may have, or that was deleted. */
const isNotHeld = (error: unknown): boolean =>
  error instanceof MessageNotInflight ||
  error instanceof ReceiptHandleIsInvalid ||
  (error instanceof SQSServiceException && error.name === 'InvalidParameterValue');

export const sqsMessages = (client: SQSClient): MessageSource => ({
  receive: async (queueUrl, { max, waitSeconds, holdSeconds }) => {
    const { Messages } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: max,
        WaitTimeSeconds: waitSeconds,
        VisibilityTimeout: holdSeconds,
      }),
    );
    return (Messages ?? []).flatMap(({ Body, ReceiptHandle }) =>
      ReceiptHandle === undefined ? [] : [{ queueUrl, receipt: ReceiptHandle, body: Body ?? '' }],
    );
  },
  hold: async (message, seconds) => {
    try {
      await client.send(
        new ChangeMessageVisibilityCommand({
          QueueUrl: message.queueUrl,
          ReceiptHandle: message.receipt,
          VisibilityTimeout: seconds,
        }),
      );
      return true;
    } catch (error) {
      if (isNotHeld(error)) return false;
      throw error;
    }
  },
  delete: async (message) => {
    try {
      await client.send(
        new DeleteMessageCommand({ QueueUrl: message.queueUrl, ReceiptHandle: message.receipt }),
      );
    } catch (error) {
      // A receipt that has ended deletes nothing: whoever has the message now deletes it.
      if (!isNotHeld(error)) throw error;
    }
  },
});
