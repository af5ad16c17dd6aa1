/**
 * Giving instances away: nobody but the storage space reclaimer deletes, and it deletes what was handed over.
 * A hand-over is a promise that is kept later, once no open group and no running session uses the instances.
 */
import type { GroupItem, InstanceItem } from '../contracts/items.ts';
import { shortHash } from '../contracts/keys.ts';
import type { Clock } from '../contracts/ports.ts';
import type { HandOverItem, ReclaimReason } from '../contracts/reclaim-items.ts';
import type { ReclaimStore } from './reclaim-store.ts';

/** Why, and by whom: a name of an AE title, a processor or a person's way in, for the record. */
export interface HandOverCause {
  readonly reason: ReclaimReason;
  readonly by: string;
}

type HandedInstance = Pick<
  InstanceItem,
  'aeTitle' | 'keyId' | 'sopInstanceUid' | 'sha256' | 'receivedAt'
>;

export interface HandOver {
  /**
   * These instances go, in whatever released groups they are, except for such as a legal hold keeps. The same
   * list twice is one hand-over. Those of a group that is still open stay in it, and go after its sessions.
   */
  instances(instances: readonly HandedInstance[], cause: HandOverCause): Promise<void>;
  /** The instances of the group go that no other group keeps, once it is released. */
  group(group: Pick<GroupItem, 'id' | 'keyId' | 'aeTitle'>, cause: HandOverCause): Promise<void>;
}

/** An item holds 400 KB: so many references of at most 200 bytes. */
const MAX_INSTANCES = 1000;

const idOf = (instances: readonly unknown[]): string =>
  `i${shortHash(JSON.stringify(instances), 20)}`;

export const createHandOver = (deps: {
  readonly reclaims: Pick<ReclaimStore, 'putHandOver'>;
  readonly clock: Clock;
}): HandOver => {
  const begin = ({
    reason,
    by,
  }: HandOverCause): Pick<HandOverItem, 'handedOver' | 'dueAt' | 'attempts'> => {
    const at = deps.clock();
    return { handedOver: { reason, by, at }, dueAt: at, attempts: 0 };
  };
  return {
    instances: async (instances, cause) => {
      const byKey = Map.groupBy(instances, ({ keyId }) => keyId);
      for (const [keyId, ofKey] of byKey) {
        for (let start = 0; start < ofKey.length; start += MAX_INSTANCES) {
          const part = ofKey.slice(start, start + MAX_INSTANCES);
          const references = part.map(({ sopInstanceUid, sha256, receivedAt }) => ({
            sopInstanceUid,
            sha256,
            receivedAt,
          }));
          await deps.reclaims.putHandOver({
            ...begin(cause),
            id: idOf(references),
            keyId,
            aeTitle: part[0]?.aeTitle ?? '',
            instances: references,
          });
        }
      }
    },
    group: async ({ id, keyId, aeTitle }, cause) => {
      await deps.reclaims.putHandOver({ ...begin(cause), id, keyId, aeTitle, groupId: id });
    },
  };
};
