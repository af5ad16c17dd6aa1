/**
 * One per listener process: sees to it that a stored instance is in an open generation of its key before it is
 * acknowledged. A touch is good for whatever is stored while its promise holds, so a busy group costs a write in half a
 * minute and not one per instance. docs/architecture.md, "Grouping, exactly", has the rule.
 */
import { randomUUID } from 'node:crypto';
import type { AeTitleItem } from '../contracts/configuration.ts';
import { quietAt } from '../contracts/due-time.ts';
import { groupId } from '../contracts/keys.ts';
import type { GroupItem, GroupPromise, Sender } from '../contracts/items.ts';
import type { StabilityCheck } from '../contracts/messages.ts';
import type { Clock } from '../contracts/ports.ts';
import type { GroupKey } from './ae-title-key.ts';
import type { GroupStore } from './group-store.ts';
import { isHoldOver, lastReleased } from './late.ts';
import { promiseOf, settleAt, settledDelaySeconds, settledDueAt, settledUntil } from './lease.ts';
import { openedGroup, senderOf } from './opened-group.ts';
import { checkDelaySeconds, TOUCH_INTERVAL_MS } from './timing.ts';
import { createTurns } from './turns.ts';

/** A call of the store that took longer counts as failed; it may still have its effect, which harms nothing. */
const CALL_LIMIT_MS = 5000;

/** Above this many keys, those that were not touched for a minute are forgotten; they cost one read when they come back. */
const MAX_KNOWN_KEYS = 10_000;
const FORGET_AFTER_MS = 60_000;

/** A timer is set for no longer than this; a longer time is asked for again. */
const MAX_TIMER_MS = 3_600_000;

/** A call of the table did not answer in its time. */
export class TouchTimedOut extends Error {
  override readonly name = 'TouchTimedOut';
  constructor() {
    super(`the table did not answer within ${CALL_LIMIT_MS} ms`);
  }
}

/** What a listener goes by when it acknowledges an instance without a call. */
export interface Reliance {
  /** The time before the last good touch by this process. */
  readonly touchedAt: number;
  /** What that touch promised. */
  readonly until: number;
  /** It was a lease, and the listener has taken it back. */
  readonly settled: boolean;
}

export interface GroupToucherDependencies {
  readonly groups: Pick<GroupStore, 'newest' | 'generations' | 'open' | 'touch'>;
  sendCheck(check: StabilityCheck, delaySeconds: number): Promise<void>;
  /** A check could not be sent, or a lease not taken back. Nothing is lost but punctuality. */
  onCheckNotSent(groupId: string, error: unknown): void;
  readonly clock: Clock;
  /** Rejects with {@link TouchTimedOut} after the limit; injected because core has no timers of its own. */
  limit<T>(call: Promise<T>, limitMs: number): Promise<T>;
  /** Calls after so long. Without it no group is leased: a function that may be frozen could not take a lease back. */
  readonly later?: (delayMs: number, work: () => Promise<void>) => void;
  /** Whether a touch is still good; anything but the default breaks the rule, which a test shows. */
  readonly relies?: (reliance: Reliance, now: number) => boolean;
}

export interface GroupToucher {
  /**
   * Resolves when the key's open generation will not be released before `timeout` from now, and will have
   * every instance that is stored by now. Returns that generation. `newInstances`: 0 for a re-send.
   */
  ensureTouched(
    key: GroupKey,
    settings: AeTitleItem,
    sender: Sender,
    newInstances: 0 | 1,
  ): Promise<number>;
  /** Takes back all leases, for a process that ends. */
  settle(): Promise<void>;
}

/** On whose behalf a group is touched. */
interface Request {
  readonly key: GroupKey;
  readonly settings: AeTitleItem;
  readonly sender: Sender;
}

/** What this process knows of a key's newest generation. */
interface Known
  extends
    Pick<GroupItem, 'generation' | 'timeoutMs' | 'capAt' | 'held' | 'lateUntil' | 'complete'>,
    Reliance {
  readonly lease?: true | undefined;
  /** When it last acknowledged an instance of it, and whose. */
  readonly acknowledgedAt: number;
  readonly sender: Sender;
}

const knownOf = ({ generation, timeoutMs, capAt, held, lateUntil, complete }: GroupItem) => ({
  ...{ generation, timeoutMs, capAt, held, lateUntil, complete },
  settled: false,
});

const isGood = ({ touchedAt, until, settled }: Reliance, now: number): boolean =>
  !settled && now >= touchedAt && now < until;

const isUnsettled = (group: Known | undefined): group is Known =>
  group?.lease === true && !group.settled;

export const createGroupToucher = (deps: GroupToucherDependencies): GroupToucher => {
  const { groups, clock, later, relies = isGood } = deps;
  const listener = randomUUID().slice(-12);
  const known = new Map<string, Known>();
  const untold = new Map<string, number>();
  /** Of one key: whoever waits finds the touch of the one before. */
  const inTurn = createTurns();
  /** Keys that a call is to come for. */
  const awaited = new Set<string>();
  let turn = 0;
  const call = <T>(promise: Promise<T>): Promise<T> => deps.limit(promise, CALL_LIMIT_MS);

  const forget = (): void => {
    if (known.size <= MAX_KNOWN_KEYS) return;
    const horizon = clock() - FORGET_AFTER_MS;
    for (const [keyId, group] of known) {
      if (group.touchedAt < horizon && !isUnsettled(group)) {
        known.delete(keyId);
        untold.delete(keyId);
      }
    }
  };

  /** True when it was done; each is a turn of its own. Tells of what came since the last one. */
  const touch = async (
    keyId: string,
    group: Pick<Known, 'generation' | 'held' | 'sender'>,
    promise: Omit<GroupPromise, 'turn'>,
    lastReceivedAt: number,
  ): Promise<boolean> => {
    const instances = untold.get(keyId) ?? 0;
    turn += 1;
    const done = await call(
      groups.touch(keyId, group.generation, {
        ...{ listener, promise: { ...promise, turn }, held: group.held === true },
        ...{ lastReceivedAt, instances, touchedBy: group.sender },
      }),
    );
    if (done) tell(keyId, instances);
    return done;
  };
  const tell = (keyId: string, told: number): void => {
    untold.set(keyId, Math.max(0, (untold.get(keyId) ?? 0) - told));
  };

  const sendCheck = async (check: StabilityCheck, delaySeconds: number): Promise<void> => {
    try {
      await call(deps.sendCheck(check, delaySeconds));
    } catch (error) {
      deps.onCheckNotSent(check.groupId, error);
    }
  };

  /** Nobody waits for it: without the look, the group is only released later. */
  const askForLook = (
    id: string,
    { complete = [] }: Pick<Known, 'complete'>,
    now: number,
  ): void => {
    if (complete.length > 0) void sendCheck({ groupId: id, touchedAt: now }, 0);
  };

  /** Lowers a lease to what was acknowledged under it, and asks for the check of that time. */
  const settle = async (keyId: string): Promise<void> => {
    const group = known.get(keyId);
    if (!isUnsettled(group)) return;
    const id = groupId(keyId, group.generation);
    const settledIn = turn + 1;
    // From here on nobody relies on it, whatever becomes of the call: what comes is touched for anew.
    known.set(keyId, { ...group, settled: true });
    try {
      const promise = { until: settledUntil(group), lease: true } as const;
      if (!(await touch(keyId, group, promise, group.acknowledgedAt))) {
        known.delete(keyId);
        return;
      }
    } catch (error) {
      deps.onCheckNotSent(id, error);
      return;
    }
    await sendCheck(
      { groupId: id, settled: { listener, turn: settledIn } },
      settledDelaySeconds(settledDueAt(group) - clock()),
    );
  };

  /** Settles when no instance has come for nearly the quiet time; sees to it once for each key. */
  const settleInTime = (keyId: string): void => {
    const group = known.get(keyId);
    if (!isUnsettled(group) || awaited.has(keyId)) return;
    awaited.add(keyId);
    const left = settleAt(group) - clock();
    later?.(Math.min(MAX_TIMER_MS, Math.max(0, left)), async () => {
      awaited.delete(keyId);
      const current = known.get(keyId);
      if (!isUnsettled(current)) return;
      if (settleAt(current) > clock()) settleInTime(keyId);
      else await inTurn(keyId, () => settle(keyId));
    });
  };

  /** Opens the generation after the newest, unless somebody else just did. */
  const open = async (
    { key, settings, sender }: Request,
    newest: GroupItem | undefined,
  ): Promise<void> => {
    const { keyId } = key;
    const predecessor = await call(lastReleased(groups, newest));
    const now = clock();
    const until = now + TOUCH_INTERVAL_MS;
    const instanceCount = untold.get(keyId) ?? 0;
    turn += 1;
    const group = openedGroup({
      ...{ key, settings, sender, predecessor, now, instanceCount },
      ...{ generation: (newest?.generation ?? 0) + 1, promises: { [listener]: { until, turn } } },
    });
    // The message goes first: a crash between the two then leaves a check that finds nothing, and not a group
    // that nobody checks. Its delay is longer than the put may take.
    const quiet = Math.min(group.capAt, quietAt(group)) - now;
    await sendCheck({ groupId: group.id }, checkDelaySeconds(quiet));
    if (!(await call(groups.open(group)))) return;
    tell(keyId, instanceCount);
    const reliance = { touchedAt: now, until, acknowledgedAt: now, sender: senderOf(sender) };
    known.set(keyId, { ...knownOf(group), ...reliance });
    askForLook(group.id, group, now);
  };

  const ensure = async (request: Request): Promise<number> => {
    const { keyId } = request.key;
    const sender = senderOf(request.sender);
    // A touch promises the quiet time from when it ends only if it ends within its allowance; a table that
    // is slower than that is given more, at the price of a later release.
    let allowanceMs = TOUCH_INTERVAL_MS;
    for (;;) {
      const group = known.get(keyId);
      const now = clock();
      if (group === undefined) {
        const newest = await call(groups.newest(keyId));
        const never = { touchedAt: -Infinity, until: -Infinity, acknowledgedAt: -Infinity };
        if (newest?.state !== 'COLLECTING' || isHoldOver(newest, now)) await open(request, newest);
        else known.set(keyId, { ...knownOf(newest), ...never, sender });
        continue;
      }
      if (relies(group, now)) {
        known.set(keyId, { ...group, acknowledgedAt: Math.max(now, group.acknowledgedAt), sender });
        return group.generation;
      }
      const promise = promiseOf(group, now, allowanceMs, later !== undefined);
      if (isHoldOver(group, now) || !(await touch(keyId, { ...group, sender }, promise, now))) {
        known.delete(keyId);
        continue;
      }
      known.set(keyId, {
        ...{ ...group, ...promise, lease: promise.lease, sender },
        ...{ touchedAt: now, settled: false },
      });
      askForLook(groupId(keyId, group.generation), group, now);
      allowanceMs *= 2;
    }
  };

  return {
    ensureTouched: (key, settings, sender, newInstances) => {
      const { keyId } = key;
      forget();
      if (newInstances > 0) untold.set(keyId, (untold.get(keyId) ?? 0) + newInstances);
      return inTurn(keyId, async () => {
        const generation = await ensure({ key, settings, sender });
        settleInTime(keyId);
        return generation;
      });
    },
    settle: async () => {
      await Promise.all([...known.keys()].map((keyId) => inTurn(keyId, () => settle(keyId))));
    },
  };
};
