/** Groups, instances and manifests as a GroupStore: items of the table, manifests in the bucket. */
import { isoTime } from '../core/contracts/day.ts';
import { dueAt, HOLD_MS } from '../core/contracts/due-time.ts';
import {
  GroupItem,
  GroupManifest,
  InstanceItem,
  StoredInstanceItem,
  UnroutedItem,
} from '../core/contracts/items.ts';
import {
  parseStoredVersion,
  stateIndexKeys,
  storedVersion,
  tableKeys,
  type TableKey,
} from '../core/contracts/keys.ts';
import { objectKeys } from '../core/contracts/object-keys.ts';
import type { ObjectStore } from '../core/contracts/ports.ts';
import type { GroupStore } from '../core/processors/group-store.ts';
import { forEach, limiter } from '../core/running/concurrency.ts';
import type { Table } from './table.ts';

/**
 * A collecting group stands in the state index by when it was first due: an entry that is moved costs two writes, so touches
 * leave it there, and whoever looks for what is due asks the entry. What is due is among so many of the first, which are
 * the ones that have collected for longest.
 */
const MIN_DUE_READ = 2000;

/** `put if absent` can lose to a writer that then fails (S3's 409): who finds nothing afterwards tries again. */
const SEAL_ATTEMPTS = 5;

/** By which a group is found: that of a patient may have hundreds of studies. */
const ENTRIES_AT_A_TIME = 32;

/** The object of a manifest was refused as existing, and yet it is not there. */
export class ManifestNotSealed extends Error {
  override readonly name = 'ManifestNotSealed';
  readonly groupId: string;
  constructor(id: string) {
    super(`the manifest of ${id} could not be written`);
    this.groupId = id;
  }
}

/**
 * Instances of a series mostly have the same attributes, which are most of an item: they share one object, so that a
 * function can hold the tens of thousands of a large study.
 */
const sharingAttributes = () => {
  const shared = new Map<string, InstanceItem['attributes']>();
  return InstanceItem.transform((item): InstanceItem => {
    const text = JSON.stringify(item.attributes);
    const attributes = shared.get(text) ?? item.attributes;
    shared.set(text, attributes);
    return { ...item, attributes };
  });
};

export const tableGroups = (table: Table, objects: ObjectStore): GroupStore => {
  const partition = (keyId: string): string => tableKeys.group(keyId, 1).pk;
  const manifest = async (id: string): Promise<GroupManifest | undefined> => {
    const key = objectKeys.groupManifest(id);
    if ((await objects.size(key)) === undefined) return undefined;
    return GroupManifest.parse(await objects.getJson(key));
  };
  /** Only what the reclaimer has taken is replaced, and only by a later incarnation. */
  const putIncarnation = (key: TableKey, item: object, incarnation = 1): Promise<boolean> =>
    incarnation === 1
      ? table.putIfAbsent(key, { ...item })
      : table.putIfAbsentOr(
          key,
          { ...item },
          {
            condition:
              'attribute_exists(#doomedAt) AND (attribute_not_exists(#incarnation) OR #incarnation < :incarnation)',
            names: ['doomedAt', 'incarnation'],
            values: { incarnation },
          },
        );
  const putEntries = (entries: readonly (readonly [TableKey, { id: string }])[]): Promise<void> => {
    const limit = limiter(ENTRIES_AT_A_TIME);
    return forEach(entries, ([key, item]) => limit(() => table.put(key, item)));
  };
  const inState = (state: string, before: number, limit: number) =>
    table.queryState(stateIndexKeys.group(state), GroupItem, { until: isoTime(before), limit });

  return {
    newest: (keyId) => table.queryLast(partition(keyId), tableKeys.groupPrefix, GroupItem),
    get: (keyId, generation) => table.get(tableKeys.group(keyId, generation), GroupItem),
    generations: (keyId) => table.queryAll(partition(keyId), tableKeys.groupPrefix, GroupItem),
    open: (group) =>
      table.putIfAbsent(tableKeys.group(group.keyId, group.generation), {
        ...group,
        statePk: stateIndexKeys.group(group.state),
        stateSk: isoTime(dueAt(group)),
      }),
    touch: async (keyId, generation, touch) => {
      const { listener, promise, held, lastReceivedAt, touchedBy, instances } = touch;
      const mine = `#promises.#${listener}`;
      const touched = await table.update(tableKeys.group(keyId, generation), {
        update:
          `SET ${mine} = :promise, #lastReceivedAt = :lastReceivedAt, #touchedBy = :touchedBy ` +
          'ADD #instanceCount :instances, #version :one',
        condition:
          `#state = :collecting AND ${held ? '#held = :yes' : 'attribute_not_exists(#held)'} AND ` +
          `(attribute_not_exists(${mine}) OR ${mine}.#turn <= :turn)`,
        names: [
          ...['promises', listener, 'turn', 'lastReceivedAt', 'touchedBy', 'instanceCount'],
          ...['version', 'state', 'held'],
        ],
        values: {
          ...{ promise, turn: promise.turn, lastReceivedAt, touchedBy, instances, one: 1 },
          ...(held ? { yes: true } : {}),
          collecting: 'COLLECTING',
        },
      });
      return touched !== undefined;
    },
    claim: async ({ keyId, generation, version }, { inputs, ...claim }) => {
      const report = inputs === undefined ? [] : ['inputs'];
      const claimed = await table.update(tableKeys.group(keyId, generation), {
        update:
          'SET #state = :claimed, #claimedAt = :claimedAt, #sealAfter = :sealAfter, ' +
          '#closedBecause = :closedBecause, #held = :held, #statePk = :statePk, #stateSk = :stateSk' +
          (inputs === undefined ? '' : ', #inputs = :inputs'),
        condition: '#state = :collecting AND #version = :version',
        names: [
          ...['state', 'version', 'claimedAt', 'sealAfter', 'closedBecause', 'held'],
          ...['statePk', 'stateSk', ...report],
        ],
        values: {
          ...claim,
          ...(inputs === undefined ? {} : { inputs }),
          held: false,
          version,
          collecting: 'COLLECTING',
          claimed: 'CLAIMED',
          statePk: stateIndexKeys.group('CLAIMED'),
          stateSk: isoTime(claim.claimedAt),
        },
      });
      return claimed !== undefined;
    },
    hold: async ({ keyId, generation, version }, hold) => {
      const held = await table.update(tableKeys.group(keyId, generation), {
        update:
          'SET #held = :yes, #incomplete = :yes, #lateUntil = :lateUntil, #inputs = :inputs, ' +
          '#stateSk = :stateSk ADD #version :one',
        condition: '#state = :collecting AND #version = :version',
        names: ['held', 'incomplete', 'lateUntil', 'inputs', 'stateSk', 'version', 'state'],
        values: {
          yes: true,
          lateUntil: hold.lateUntil,
          inputs: hold.inputs,
          stateSk: isoTime(hold.lateUntil + HOLD_MS),
          version,
          one: 1,
          collecting: 'COLLECTING',
        },
      });
      return held !== undefined;
    },
    endWindow: async ({ keyId, generation }) => {
      const ended = await table.update(tableKeys.group(keyId, generation), {
        update: 'SET #windowOver = :yes ADD #version :one',
        condition: '#state = :collecting AND #held = :yes',
        names: ['windowOver', 'version', 'state', 'held'],
        values: { yes: true, one: 1, collecting: 'COLLECTING' },
      });
      return ended !== undefined;
    },
    release: async ({ keyId, generation }, release) => {
      const fields = Object.entries(release).flatMap(([name, value]) =>
        value === undefined ? [] : [name],
      );
      const released = await table.update(tableKeys.group(keyId, generation), {
        update: `SET #state = :released, #statePk = :statePk, #stateSk = :stateSk, ${fields.map((name) => `#${name} = :${name}`).join(', ')}`,
        condition: '#state = :claimed',
        names: ['state', 'statePk', 'stateSk', ...fields],
        values: {
          ...release,
          claimed: 'CLAIMED',
          released: 'RELEASED',
          statePk: stateIndexKeys.group('RELEASED'),
          stateSk: isoTime(release.releasedAt),
        },
      });
      return released !== undefined;
    },

    putInstance: async (item) => {
      const { aeTitle, keyId, sopInstanceUid, sha256 } = item;
      const [isNew, pointer] = await Promise.all([
        putIncarnation(tableKeys.instance(keyId, sopInstanceUid, sha256), item, item.incarnation),
        // Of the smallest write unit, and at the same time: the sender does not wait for it. Of two versions that
        // come together, one finds the other.
        table.update(tableKeys.storedInstance(aeTitle, sopInstanceUid), {
          update: 'ADD #versions :versions',
          names: ['versions'],
          values: { versions: new Set([storedVersion(keyId, sha256)]) },
        }),
      ]);
      const { versions } = StoredInstanceItem.parse(pointer);
      const others = [...versions].map(parseStoredVersion);
      return { isNew, others: others.filter((other) => other.sha256 !== sha256) };
    },
    getInstance: (keyId, sopInstanceUid, sha256) =>
      table.get(tableKeys.instance(keyId, sopInstanceUid, sha256), InstanceItem),
    instances: async (keyId) =>
      (
        await table.queryAll(partition(keyId), tableKeys.instancePrefix, sharingAttributes())
      ).filter(({ doomedAt }) => doomedAt === undefined),
    putUnrouted: async (item) => {
      const key = tableKeys.unrouted(item.aeTitle, item.sopInstanceUid, item.sha256);
      const indexed = {
        ...item,
        statePk: stateIndexKeys.unrouted,
        stateSk: isoTime(item.receivedAt),
      };
      if (await putIncarnation(key, indexed, item.incarnation)) return undefined;
      const existing = await table.get(key, UnroutedItem);
      return existing?.doomedAt === undefined ? undefined : (existing.incarnation ?? 1);
    },
    countIgnored: async ({ aeTitle, sopClassUid, count, lastAt }) => {
      await table.update(tableKeys.ignored(aeTitle, sopClassUid), {
        update:
          'SET #aeTitle = :aeTitle, #sopClassUid = :sopClassUid, #lastAt = :lastAt ADD #count :count',
        names: ['aeTitle', 'sopClassUid', 'lastAt', 'count'],
        values: { aeTitle, sopClassUid, lastAt, count },
      });
    },
    recordDecision: async (record) => {
      await table.put(tableKeys.decision(record.at, record.id), record);
    },

    manifest,
    sealManifest: async (wanted) => {
      for (let attempt = 0; attempt < SEAL_ATTEMPTS; attempt += 1) {
        if (await objects.putJsonIfAbsent(objectKeys.groupManifest(wanted.groupId), wanted)) {
          return wanted;
        }
        const winner = await manifest(wanted.groupId);
        if (winner !== undefined) return winner;
      }
      throw new ManifestNotSealed(wanted.groupId);
    },
    indexStudies: (id, studies) =>
      putEntries(studies.map((study) => [tableKeys.studyIndex(study, 'G', id), { id }])),
    indexSubjects: (id, { patientIds, accessionNumbers }) => {
      const partitions = [
        ...patientIds.map(tableKeys.patientPartition),
        ...accessionNumbers.map(tableKeys.accessionPartition),
      ];
      return putEntries(
        partitions.map((partition) => [tableKeys.groupEntry(partition, id), { id }]),
      );
    },

    collectingDueBefore: async (time, limit) => {
      const found = await inState('COLLECTING', time, Math.max(limit, MIN_DUE_READ));
      return found
        .filter((group) => dueAt(group) <= time)
        .toSorted((a, b) => dueAt(a) - dueAt(b))
        .slice(0, limit);
    },
    claimedBefore: (time, limit) => inState('CLAIMED', time, limit),
  };
};
