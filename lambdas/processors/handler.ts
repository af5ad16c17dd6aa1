/**
 * Calls the site's job processors: from the queue `processors` with what they are owed, and from the API with the
 * question whether an AE title may be set so. Deliveries keep book themselves; a record goes back to the queue
 * only if that was not possible.
 */
import type { Logger } from '@aws-lambda-powertools/logger';
import type { SQSBatchItemFailure, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import {
  DeliveryMessage,
  ProcessorQuestion,
  type ProcessorAnswer,
} from '../../core/contracts/deliveries.ts';
import { errorFacts, messageBody } from '../../core/contracts/message-body.ts';
import { deliver, type DeliverDependencies } from '../../core/processors/extension/deliver.ts';
import type { JobProcessors } from '../../core/processors/extension/job-processor-base.ts';

export interface ProcessorsDependencies extends DeliverDependencies {
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
}

const Message = messageBody(DeliveryMessage);

export const answerQuestion = (
  processors: JobProcessors,
  { processor, settings }: ProcessorQuestion,
): ProcessorAnswer => {
  const found = Object.hasOwn(processors, processor) ? processors[processor] : undefined;
  const parsed = found?.settings.safeParse(settings);
  return {
    known: Object.keys(processors).sort(),
    problems:
      parsed?.success === false
        ? parsed.error.issues.map(({ path, message }) => ({
            path: ['settings', ...path.map(String)].join('.'),
            message,
          }))
        : [],
  };
};

export const makeHandler = (deps: ProcessorsDependencies) => {
  const { logger } = deps;
  const one = async (record: SQSRecord): Promise<SQSBatchItemFailure[]> => {
    const message = Message.safeParse(record.body);
    if (!message.success) {
      logger.error('A message of the processors cannot be read', { messageId: record.messageId });
      return [];
    }
    const { deliveryId } = message.data;
    try {
      const outcome = await deliver(deps, deliveryId);
      logger.info('Delivered', { deliveryId, outcome });
      return [];
    } catch (error) {
      logger.error('A delivery could not be made', { deliveryId, ...errorFacts(error) });
      return [{ itemIdentifier: record.messageId }];
    }
  };
  return async (
    event: SQSEvent | ProcessorQuestion,
  ): Promise<SQSBatchResponse | ProcessorAnswer> => {
    if ('Records' in event) {
      return { batchItemFailures: (await Promise.all(event.Records.map(one))).flat() };
    }
    return answerQuestion(deps.processors, ProcessorQuestion.parse(event));
  };
};
