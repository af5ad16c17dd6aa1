/**
 * Who usually sends at this time of the week, and does not now. What is kept of each sender are the hours in which
 * it sent, for a little more than two weeks: nothing of a patient, and small enough for one item.
 */
import { z } from 'zod';

export const HOUR_MS = 3_600_000;

const HOURS_PER_WEEK = 168;

/** A sender is missed in the same span in which it sent one week and two weeks before. */
const SPAN_HOURS = 6;

/** Both weeks and their spans. */
const KEPT_HOURS = 2 * HOURS_PER_WEEK + SPAN_HOURS + 1;

/** By sender: hours since the epoch in which something of it was received, in order. */
export const SenderHabits = z.record(z.string(), z.array(z.int()));
export type SenderHabits = z.infer<typeof SenderHabits>;

/** What a sender is told apart by: its AE title and the one that it called. */
export const senderName = (callingAeTitle: string, aeTitle: string): string =>
  `${callingAeTitle} → ${aeTitle}`;

/** The habits with what was received since; hours that no rule looks at any more are dropped. */
export const withReceptions = (
  habits: SenderHabits,
  receptions: readonly { readonly sender: string; readonly at: number }[],
  now: number,
): SenderHabits => {
  const oldest = Math.floor(now / HOUR_MS) - KEPT_HOURS;
  const hours = new Map(Object.entries(habits).map(([sender, kept]) => [sender, new Set(kept)]));
  for (const { sender, at } of receptions) {
    const ofSender = hours.get(sender) ?? new Set<number>();
    hours.set(sender, ofSender.add(Math.floor(at / HOUR_MS)));
  }
  return Object.fromEntries(
    [...hours].flatMap(([sender, all]) => {
      const kept = [...all].filter((hour) => hour > oldest).sort((one, other) => one - other);
      return kept.length > 0 ? [[sender, kept] as const] : [];
    }),
  );
};

/** Senders of which nothing has come in the last six whole hours, though it did a week and two weeks before. */
export const silentSenders = (habits: SenderHabits, now: number): string[] => {
  const thisHour = Math.floor(now / HOUR_MS);
  return Object.entries(habits)
    .filter(([, hours]) => {
      // This hour too: who has just begun to send is not silent.
      const sent = (weeksAgo: number): boolean => {
        const end = thisHour - weeksAgo * HOURS_PER_WEEK;
        return hours.some((hour) => hour >= end - SPAN_HOURS && hour <= end);
      };
      const usual = (weeksAgo: number): boolean => {
        const end = thisHour - weeksAgo * HOURS_PER_WEEK;
        return hours.some((hour) => hour >= end - SPAN_HOURS && hour < end);
      };
      return !sent(0) && usual(1) && usual(2);
    })
    .map(([sender]) => sender);
};
