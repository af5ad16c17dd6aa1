/** What the listener decided, as records in the table, so that a person finds out why nothing arrives. */
import { randomUUID } from 'node:crypto';
import type { Table } from '../../aws/table.ts';
import type { DecisionRecord } from '../../core/contracts/items.ts';
import { tableKeys } from '../../core/contracts/keys.ts';
import type { Clock } from '../../core/contracts/ports.ts';
import { errorName, type ListenerLog } from '../listener-log.ts';
import type { DecisionLog } from './admission-policy.ts';

export const tableDecisions = (
  table: Pick<Table, 'put'>,
  clock: Clock,
  log: ListenerLog,
): DecisionLog => ({
  record: async (attempt, { code, message }) => {
    const record: DecisionRecord = {
      id: randomUUID(),
      at: clock(),
      code,
      message,
      // None was named where it did not come to an association.
      ...(attempt.calledAeTitle === '' ? {} : { aeTitle: attempt.calledAeTitle }),
      ...(attempt.callingAeTitle === '' ? {} : { callingAeTitle: attempt.callingAeTitle }),
      remoteAddress: attempt.remoteAddress,
    };
    try {
      await table.put(tableKeys.decision(record.at, record.id), record);
    } catch (error) {
      log.error('a decision could not be recorded', {
        problem: errorName(error),
      });
    }
  },
});
