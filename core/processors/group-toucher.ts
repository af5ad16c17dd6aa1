/**
 * One per listener process: sees to it that a stored instance is in an open generation of its key before it is
 * acknowledged. A touch is good for whatever is stored within W of its beginning, so a busy group costs two
 * writes a second and not one per instance. docs/architecture.md, "Grouping, exactly", has the rule.
 */
import type { AeTitleItem } from '../contracts/configuration.ts';
import { groupId } from '../contracts/keys.ts';
import type { GroupItem, Sender } from '../contracts/items.ts';
import type { StabilityCheck } from '../contracts/messages.ts';
import type { Clock } from '../contracts/ports.ts';
import type { GroupKey } from './ae-title-key.ts';
import type { GroupStore } from './group-store.ts';
import { isHoldOver, lastReleased, lateFields } from './late.ts';
import { checkDelaySeconds, dueTime, TOUCH_INTERVAL_MS } from './timing.ts';

/** A call of the store that took longer counts as failed; it may still have its effect, which harms nothing. */
const CALL_LIMIT_MS = 5000;

/** Above this many keys, those that were not touched for a minute are forgotten; they cost one read when they come back. */
const MAX_KNOWN_KEYS = 10_000;
const FORGET_AFTER_MS = 60_000;

/** A call of the table did not answer in its time. */
export class TouchTimedOut extends Error {
  override readonly name = 'TouchTimedOut';
  constructor() {
    super(`the table did not answer within ${CALL_LIMIT_MS} ms`);
  }
}

export interface GroupToucherDependencies {
  readonly groups: Pick<GroupStore, 'newest' | 'get' | 'generations' | 'open' | 'touch'>;
  sendCheck(check: StabilityCheck, delaySeconds: number): Promise<void>;
  /** A check could not be sent. The sweep finds the group; nothing is lost but its punctuality. */
  onCheckNotSent(groupId: string, error: unknown): void;
  readonly clock: Clock;
  /** Rejects with {@link TouchTimedOut} after the limit; injected because core has no timers of its own. */
  limit<T>(call: Promise<T>, limitMs: number): Promise<T>;
  /** How long a touch is good for; anything but the default W breaks the rule, which a test shows. */
  readonly leaseMs?: number;
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
}

/** On whose behalf a group is touched. */
interface Request {
  readonly key: GroupKey;
  readonly settings: AeTitleItem;
  readonly sender: Sender;
}

/** What this process knows of a key's newest generation. */
interface Known extends Pick<
  GroupItem,
  'generation' | 'timeoutMs' | 'capAt' | 'held' | 'lateUntil' | 'complete'
> {
  /** The time before the last good touch by this process. */
  readonly touchedAt: number;
}

const knownOf = ({ generation, timeoutMs, capAt, held, lateUntil, complete }: GroupItem) => ({
  generation,
  timeoutMs,
  capAt,
  held,
  lateUntil,
  complete,
});

const senderOf = ({ callingAeTitle, associationId }: Sender): Sender => ({
  callingAeTitle,
  associationId,
});

const declaredFields = (settings: AeTitleItem): Partial<GroupItem> =>
  settings.complete === undefined || settings.complete.length === 0
    ? {}
    : {
        complete: settings.complete,
        onIncomplete: settings.onIncomplete ?? 'run',
        lateWindowMs: Math.round(settings.lateWindowSeconds * 1000),
      };

export const createGroupToucher = (deps: GroupToucherDependencies): GroupToucher => {
  const { groups, clock } = deps;
  const leaseMs = deps.leaseMs ?? TOUCH_INTERVAL_MS;
  const known = new Map<string, Known>();
  const untold = new Map<string, number>();
  const turns = new Map<string, Promise<unknown>>();
  const call = <T>(promise: Promise<T>): Promise<T> => deps.limit(promise, CALL_LIMIT_MS);

  /** One at a time per key: whoever waits finds the touch of the one before. */
  const inTurn = async <T>(keyId: string, work: () => Promise<T>): Promise<T> => {
    const before = turns.get(keyId);
    const mine = (async () => {
      await before;
      return work();
    })();
    const turn = mine.then(
      () => undefined,
      () => undefined,
    );
    turns.set(keyId, turn);
    try {
      return await mine;
    } finally {
      if (turns.get(keyId) === turn) turns.delete(keyId);
    }
  };

  const forget = (): void => {
    if (known.size <= MAX_KNOWN_KEYS) return;
    const horizon = clock() - FORGET_AFTER_MS;
    for (const [keyId, { touchedAt }] of known) {
      if (touchedAt < horizon) {
        known.delete(keyId);
        untold.delete(keyId);
      }
    }
  };

  const tell = (keyId: string, told: number): void => {
    untold.set(keyId, Math.max(0, (untold.get(keyId) ?? 0) - told));
  };

  /** True when the generation is open and due no earlier than this touch asks for. */
  const touch = async (
    { key: { keyId }, sender }: Request,
    group: Known,
    now: number,
    allowanceMs: number,
  ): Promise<boolean> => {
    const dueAt = dueTime(now, group, allowanceMs);
    const instances = untold.get(keyId) ?? 0;
    const done = await call(
      groups.touch(keyId, group.generation, {
        dueAt,
        lastReceivedAt: now,
        instances,
        touchedBy: senderOf(sender),
      }),
    );
    if (done) {
      tell(keyId, instances);
      return true;
    }
    // Another listener's touch may have come later than ours and says more than it. One that is held meanwhile is
    // another matter: until when it takes instances has to be read.
    const current = await call(groups.get(keyId, group.generation));
    return (
      current?.state === 'COLLECTING' &&
      (current.held ?? false) === (group.held ?? false) &&
      current.dueAt >= dueAt
    );
  };

  /** Nobody waits for it: without the look, the group is only released later. */
  const askForLook = (
    id: string,
    { complete = [] }: Pick<Known, 'complete'>,
    now: number,
  ): void => {
    if (complete.length === 0) return;
    call(deps.sendCheck({ groupId: id, touchedAt: now }, 0)).catch((error: unknown) => {
      deps.onCheckNotSent(id, error);
    });
  };

  /** Opens the generation after the newest, unless somebody else just did. */
  const open = async (
    { key: { keyId, keyValues }, settings, sender }: Request,
    newest: GroupItem | undefined,
  ): Promise<void> => {
    const generation = (newest?.generation ?? 0) + 1;
    const predecessor = await call(lastReleased(groups, newest));
    const now = clock();
    const late = lateFields(settings, predecessor, now);
    const timeoutMs = Math.round(settings.timeoutSeconds * 1000);
    const capAt = now + Math.round(settings.maxWaitSeconds * 1000);
    const instances = untold.get(keyId) ?? 0;
    const group: GroupItem = {
      id: groupId(keyId, generation),
      keyId,
      generation,
      aeTitle: settings.aeTitle,
      processor: settings.processor,
      groupBy: [...settings.groupBy],
      keyValues: [...keyValues],
      state: 'COLLECTING',
      priority: settings.priority,
      pipelines: settings.pipelines,
      timeoutMs,
      openedAt: now,
      firstReceivedAt: now,
      lastReceivedAt: now,
      dueAt: dueTime(now, { timeoutMs, capAt, held: late.held }),
      capAt,
      instanceCount: instances,
      sessions: [],
      openedBy: senderOf(sender),
      ...declaredFields(settings),
      ...late,
    };
    // The message goes first: a crash between the two then leaves a check that finds nothing, and not a group
    // that nobody checks. Its delay is longer than the put may take.
    try {
      await call(
        deps.sendCheck(
          { groupId: group.id },
          checkDelaySeconds(dueTime(now, { timeoutMs, capAt }) - now),
        ),
      );
    } catch (error) {
      deps.onCheckNotSent(group.id, error);
    }
    if (!(await call(groups.open(group)))) return;
    tell(keyId, instances);
    known.set(keyId, { ...knownOf(group), touchedAt: now });
    askForLook(group.id, group, now);
  };

  const ensure = async (request: Request): Promise<number> => {
    const { keyId } = request.key;
    // A touch promises the quiet time from when it ends only if it ends within its allowance; a table that
    // is slower than that is given more, at the price of a later release.
    let allowanceMs = TOUCH_INTERVAL_MS;
    for (;;) {
      const group = known.get(keyId);
      const now = clock();
      if (group === undefined) {
        const newest = await call(groups.newest(keyId));
        if (newest?.state !== 'COLLECTING' || isHoldOver(newest, now)) await open(request, newest);
        else known.set(keyId, { ...knownOf(newest), touchedAt: -Infinity });
        continue;
      }
      if (now >= group.touchedAt && now - group.touchedAt < leaseMs) return group.generation;
      if (isHoldOver(group, now) || !(await touch(request, group, now, allowanceMs))) {
        known.delete(keyId);
        continue;
      }
      known.set(keyId, { ...group, touchedAt: now });
      askForLook(groupId(keyId, group.generation), group, now);
      if (clock() - now < allowanceMs) return group.generation;
      allowanceMs *= 2;
    }
  };

  return {
    ensureTouched: (key, settings, sender, newInstances) => {
      const { keyId } = key;
      forget();
      if (newInstances > 0) untold.set(keyId, (untold.get(keyId) ?? 0) + newInstances);
      return inTurn(keyId, () => ensure({ key, settings, sender }));
    },
  };
};
