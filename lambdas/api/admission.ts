/** What a person routes comes into its group by the same rules as what a listener receives. */
import type { Logger } from '@aws-lambda-powertools/logger';
import { limit } from '../../aws/time-limit.ts';
import type { Clock, Queues } from '../../core/contracts/ports.ts';
import { createAdmission, type AdmitInstance } from '../../core/processors/admission.ts';
import { createGroupToucher } from '../../core/processors/group-toucher.ts';
import type { GroupStore } from '../../core/processors/group-store.ts';

export const routedAdmission = (deps: {
  readonly groups: GroupStore;
  readonly queues: Pick<Queues, 'send'>;
  readonly stabilityChecksQueueUrl: string;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'warn'>;
}): AdmitInstance => {
  const { groups, queues, stabilityChecksQueueUrl, clock, logger } = deps;
  const toucher = createGroupToucher({
    groups,
    clock,
    limit,
    sendCheck: (check, delaySeconds) => queues.send(stabilityChecksQueueUrl, check, delaySeconds),
    onCheckNotSent: (groupId) => {
      logger.warn('the check of a group could not be sent; the sweep will find it', { groupId });
    },
  });
  return createAdmission({ groups, toucher }).admit;
};
