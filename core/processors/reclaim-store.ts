/**
 * What the reclaimer needs of the stored instances and groups, and what those tell it who begin to use instances
 * of a key outside of its groups. Implemented by aws/reclaims.ts; every write that can meet another is conditional.
 */
import type { GroupItem, InstanceItem, UnroutedItem } from '../contracts/items.ts';
import type {
  HandedOver,
  HandOverItem,
  InstanceReference,
  InstanceUse,
  LegalHold,
} from '../contracts/reclaim-items.ts';

type GroupRef = Pick<GroupItem, 'keyId' | 'generation'>;

export interface ReclaimStore {
  /** False when it was handed over before. */
  putHandOver(item: HandOverItem): Promise<boolean>;
  /** Those whose time has come, the longest overdue first; the index follows within moments. */
  dueHandOvers(now: number, limit: number): Promise<HandOverItem[]>;
  /** Writes down how far it is. False when it is gone. */
  updateHandOver(item: HandOverItem): Promise<boolean>;
  removeHandOver(item: Pick<HandOverItem, 'keyId' | 'id'>): Promise<void>;

  /**
   * Before a session begins to use instances of the key that its group does not name (composed by a person or a
   * processor), or begins again after its end: from then on, until the session has ended, the reclaimer takes
   * none. What has no `doomedAt` when it is read *afterwards* stays.
   */
  use(keyId: string, use: InstanceUse): Promise<void>;
  uses(keyId: string): Promise<InstanceUse[]>;
  endUse(keyId: string, sessionId: string): Promise<void>;
  /** How often somebody began to use instances of the key, or put one of its groups on hold. */
  fence(keyId: string): Promise<number>;

  /** All instances of the key, doomed ones included. */
  allInstances(keyId: string): Promise<InstanceItem[]>;
  /**
   * One transaction: takes the instances from everybody (at most {@link MAX_DOOMED_AT_ONCE}). False, and nothing
   * is changed, when the fence has moved, a generation after `newest` was opened, or one of them is not as it was.
   */
  doom(
    keyId: string,
    expected: { readonly fence: number; readonly newest: number },
    instances: readonly InstanceReference[],
    at: number,
  ): Promise<boolean>;
  /** Removes the item of a doomed instance and the pointer to it. False when it has been stored anew. */
  removeInstance(item: InstanceItem): Promise<boolean>;

  /** Released groups that are not reclaimed, by the time of their release. */
  releasedBetween(from: number, until: number, limit: number): Promise<GroupItem[]>;
  markHandedOver(group: GroupRef, handedOver: HandedOver): Promise<void>;
  markReclaimed(group: GroupRef, at: number): Promise<void>;
  /** Undefined takes it away. The fence of each key that has instances of it is raised. False when there is no such group. */
  setLegalHold(
    group: GroupRef & Pick<GroupItem, 'instanceKeys'>,
    hold: LegalHold | undefined,
  ): Promise<boolean>;

  /** Takes an unrouted instance from the sight of everybody. False when it is gone or doomed already. */
  doomUnrouted(item: UnroutedItem, handedOver: HandedOver): Promise<boolean>;
  doomedUnrouted(now: number, limit: number): Promise<UnroutedItem[]>;
  /** Its object is deleted: its item may go at `removeAt`. False when it has been stored anew. */
  markUnroutedDeleted(item: UnroutedItem, at: number, removeAt: number): Promise<boolean>;
  removeUnrouted(item: UnroutedItem): Promise<boolean>;
}

/** DynamoDB takes 100 items in a transaction; two of them are the fence and the next generation. */
export const MAX_DOOMED_AT_ONCE = 98;
