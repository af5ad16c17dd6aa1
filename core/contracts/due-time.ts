/**
 * When a group is due follows from what listeners have promised of it: each has an entry of its own in the group's item,
 * so that none can take back what another one promised. docs/architecture.md, "Grouping, exactly", has the rules.
 */
import type { GroupItem } from './items.ts';

/** The largest difference between the clocks of any two of our programs. */
export const CLOCK_SKEW_MS = 100;

/** A held group's due time lies so much later than that of another: beyond every check, and yet every touch moves it. */
export const HOLD_MS = 100 * 365 * 86_400_000;

type Promised = Pick<GroupItem, 'openedAt' | 'promises'>;

/** The end of the last promise: what listeners acknowledge for the group until then, by their clocks, belongs to it. */
export const promisedUntil = ({ openedAt, promises }: Promised): number =>
  Object.values(promises).reduce((latest, { until }) => Math.max(latest, until), openedAt);

/** When the quiet time after the last promise has passed, whatever the cap and a person say. */
export const quietAt = (group: Promised & Pick<GroupItem, 'timeoutMs'>): number =>
  promisedUntil(group) + group.timeoutMs + CLOCK_SKEW_MS;

/** When the group may be released: after its quiet time or at its cap; if it is held, beyond all times. */
export const dueAt = (group: Promised & Pick<GroupItem, 'timeoutMs' | 'capAt' | 'held'>): number =>
  group.held === true ? quietAt(group) + HOLD_MS : Math.min(group.capAt, quietAt(group));
