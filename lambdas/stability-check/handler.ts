/**
 * Queue `stability-checks`: looks at groups at their due time. A message that names no group is logged and
 * acknowledged, since no repetition makes it better; a failure goes back to the queue, for that message only.
 */
import type { Logger } from '@aws-lambda-powertools/logger';
import type { SQSBatchItemFailure, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { errorFacts, messageBody } from '../../core/contracts/message-body.ts';
import { StabilityCheck } from '../../core/contracts/messages.ts';
import { checkGroup, type StabilityDependencies } from '../../core/processors/stability.ts';

export interface StabilityCheckDependencies extends StabilityDependencies {
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
}

const Message = messageBody(StabilityCheck);

export const makeHandler = (deps: StabilityCheckDependencies) => {
  const { logger } = deps;
  const one = async (record: SQSRecord): Promise<SQSBatchItemFailure[]> => {
    const check = Message.safeParse(record.body);
    if (!check.success) {
      logger.error('A message of the stability checks cannot be read', {
        messageId: record.messageId,
      });
      return [];
    }
    const { groupId } = check.data;
    try {
      const outcome = await checkGroup(deps, check.data);
      if (outcome === 'not-found') logger.warn('A check names no group', { groupId });
      else logger.info('Group checked', { groupId, outcome });
      return [];
    } catch (error) {
      logger.error('A group could not be checked', { groupId, ...errorFacts(error) });
      return [{ itemIdentifier: record.messageId }];
    }
  };
  // All at once: most of a check is waiting for its group's due time.
  return async (event: SQSEvent): Promise<SQSBatchResponse> => ({
    batchItemFailures: (await Promise.all(event.Records.map(one))).flat(),
  });
};
