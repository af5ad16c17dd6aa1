/** The habits of senders as one item, and what was received lately: by the index of released groups. */
import { isoTime } from '../core/contracts/day.ts';
import { z } from 'zod';
import { GroupItem } from '../core/contracts/items.ts';
import { stateIndexKeys, tableKeys } from '../core/contracts/keys.ts';
import type { Clock } from '../core/contracts/ports.ts';
import {
  HOUR_MS,
  SenderHabits,
  senderName,
  silentSenders,
  withReceptions,
} from '../core/operations/sender-habits.ts';
import type { Table } from './table.ts';

const Kept = z.object({ habits: SenderHabits });
const Received = GroupItem.pick({ aeTitle: true, lastReceivedAt: true, touchedBy: true });

/** A little more than the hour between two looks: hours that are seen twice are the same hours. */
const LOOK_BACK_MS = 2 * HOUR_MS;

/** Adds what came lately to the habits; returns the senders that are silent now. */
export const lookAtSenders = async (
  table: Pick<Table, 'get' | 'put' | 'queryState'>,
  clock: Clock,
): Promise<string[]> => {
  const now = clock();
  const groups = await table.queryState(stateIndexKeys.group('RELEASED'), Received, {
    from: isoTime(now - LOOK_BACK_MS),
  });
  const receptions = groups.flatMap(({ aeTitle, lastReceivedAt, touchedBy }) =>
    touchedBy === undefined
      ? []
      : [{ sender: senderName(touchedBy.callingAeTitle, aeTitle), at: lastReceivedAt }],
  );
  const kept = await table.get(tableKeys.senderHabits, Kept);
  const habits = withReceptions(kept?.habits ?? {}, receptions, now);
  await table.put(tableKeys.senderHabits, { habits });
  return silentSenders(habits, now);
};
