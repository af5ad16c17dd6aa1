/**
 * DynamoDB refuses a write to an item that a transaction of somebody else holds at that moment, instead of
 * waiting for it, and any write to a partition that has had its writes for this second; the SDK repeats the former
 * never, and the latter hardly, of a transaction never. Many jobs that end together decrement the same counter, the
 * reclaimer looks at the group that a listener is about to open, and what is written of a graph at once meets in a few
 * partitions: so here every such write is repeated, after a pause that grows and differs from caller to caller.
 */
import {
  TransactionCanceledException,
  TransactionConflictException,
} from '@aws-sdk/client-dynamodb';

/** With pauses of 10, 20, 40 … 640 ms, halved to full at random: 0.6 to 1.3 s until it is given up. */
const MAX_CONFLICTS = 7;
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 640;

/** A partition takes 1,000 units in each second, so the turn of every write comes: some 10 s until it is given up. */
const MAX_THROTTLES = 25;

const CONFLICT = 'TransactionConflict';
const THROTTLES = ['ThrottlingError', 'ProvisionedThroughputExceeded'];
const THROTTLE_ERRORS = ['ThrottlingException', 'ProvisionedThroughputExceededException'];

/** Why a transaction is cancelled; nothing when it is for a reason that a repetition does not mend. */
const passingReasons = (error: unknown): readonly string[] => {
  if (!(error instanceof TransactionCanceledException)) return [];
  const codes = (error.CancellationReasons ?? []).map(({ Code = '' }) => Code);
  return codes.includes('ConditionalCheckFailed') ? [] : codes;
};

/** The partition, or the table, has had its calls for this second. */
export const isThrottled = (error: unknown): boolean =>
  (error instanceof Error && THROTTLE_ERRORS.includes(error.name)) ||
  passingReasons(error).some((code) => THROTTLES.includes(code));

const isConflict = (error: unknown): boolean =>
  error instanceof TransactionConflictException || passingReasons(error).includes(CONFLICT);

/** What the write answers; throws what it last threw when others were in its way for too long. */
export const retryingConflicts = async <T>(write: () => Promise<T>): Promise<T> => {
  for (let retry = 0; ; retry += 1) {
    try {
      return await write();
    } catch (error) {
      const most = isThrottled(error) ? MAX_THROTTLES : isConflict(error) ? MAX_CONFLICTS : 0;
      if (retry >= most) throw error;
      const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** retry);
      await new Promise((resolve) => setTimeout(resolve, pauseMs * (0.5 + Math.random() / 2)));
    }
  }
};
