/**
 * DynamoDB refuses a write to an item that a transaction of somebody else holds at that moment, instead of
 * waiting for it, and a transaction to a partition that has had its writes for this second; the SDK repeats
 * neither. Many jobs that end together decrement the same counter, and a large graph is in one partition, so
 * here such a write is repeated, after a pause that grows and differs from caller to caller.
 */
import {
  TransactionCanceledException,
  TransactionConflictException,
} from '@aws-sdk/client-dynamodb';

/** With pauses of 10, 20, 40 … 640 ms, halved to full at random: 0.6 to 1.3 s until it is given up. */
const MAX_RETRIES = 7;
const FIRST_PAUSE_MS = 10;

/** Why a transaction is cancelled that may be done a moment later. */
const PASSING = ['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded'];

const isConflict = (error: unknown): boolean =>
  error instanceof TransactionConflictException ||
  (error instanceof TransactionCanceledException &&
    (error.CancellationReasons ?? []).some(({ Code = '' }) => PASSING.includes(Code)) &&
    !(error.CancellationReasons ?? []).some(({ Code }) => Code === 'ConditionalCheckFailed'));

export const retryingConflicts = async <T>(write: () => Promise<T>): Promise<T> => {
  for (let retry = 0; ; retry += 1) {
    try {
      return await write();
    } catch (error) {
      if (!isConflict(error) || retry === MAX_RETRIES) throw error;
      const pauseMs = FIRST_PAUSE_MS * 2 ** retry * (0.5 + Math.random() / 2);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
};
