/** The audit of what is stored, against sets: on any items and objects, in any order and pages, changed meanwhile. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_AUDITED_KEYS } from '../../../core/contracts/storage-audit.ts';
import {
  AUDIT_MINIMUM_AGE_MS,
  auditStorage,
  type AuditedItem,
  type AuditedObject,
  type StorageInventory,
} from '../../../core/processors/storage-audit.ts';

const NOW = 1_700_000_000_000;
const OLD = NOW - AUDIT_MINIMUM_AGE_MS - 1;
const YOUNG = NOW - AUDIT_MINIMUM_AGE_MS;

const pagesOf = <T>(all: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
    all.slice(index * size, (index + 1) * size),
  );

/** `later`: the items as whoever reads them a second time finds them. */
const inventoryOf = (
  items: readonly AuditedItem[],
  objects: readonly AuditedObject[],
  { later = items, pageSize = 7 }: { later?: readonly AuditedItem[]; pageSize?: number } = {},
): StorageInventory & { reads: number } => {
  const inventory = {
    reads: 0,
    eachItem: (take: (page: readonly AuditedItem[]) => void) => {
      inventory.reads += 1;
      pagesOf(inventory.reads === 1 ? items : later, pageSize).forEach(take);
      return Promise.resolve();
    },
    eachObject: (take: (page: readonly AuditedObject[]) => void) => {
      pagesOf(objects, pageSize).forEach(take);
      return Promise.resolve();
    },
  };
  return inventory;
};

const audit = (inventory: StorageInventory, maxItems?: number) =>
  auditStorage(
    { inventory, clock: () => NOW },
    { until: NOW + 1, ...(maxItems === undefined ? {} : { maxItems }) },
  );

const item = (objectKey: string, facts: Partial<AuditedItem> = {}): AuditedItem => ({
  objectKey,
  receivedAt: OLD,
  ...facts,
});
const object = (key: string, modifiedAt = OLD): AuditedObject => ({ key, modifiedAt });

/** Of one key: what the table and the bucket have of it. */
const stored = fc.record({
  item: fc.option(fc.record({ receivedAt: fc.constantFrom(OLD, YOUNG), doomed: fc.boolean() }), {
    nil: undefined,
  }),
  object: fc.option(fc.constantFrom(OLD, YOUNG), { nil: undefined }),
});

describe('the audit of what is stored', () => {
  it('reports exactly the old objects without items, and the old items without objects that are not doomed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(stored, { maxLength: 600, size: 'max' }),
        fc.integer({ min: 1, max: 1_200 }),
        fc.boolean(),
        async (all, pageSize, backwards) => {
          const keyed = all.map((one, index) => ({ ...one, key: `instances/${index}.dcm` }));
          const items = keyed.flatMap(({ key, item: found }) =>
            found === undefined
              ? []
              : item(key, {
                  receivedAt: found.receivedAt,
                  ...(found.doomed ? { doomedAt: NOW } : {}),
                }),
          );
          const objects = keyed.flatMap(({ key, object: at }) =>
            at === undefined ? [] : object(key, at),
          );
          const withoutItem = keyed.filter((one) => one.item === undefined && one.object === OLD);
          const withoutObject = keyed.filter(
            (one) => one.object === undefined && one.item?.receivedAt === OLD && !one.item.doomed,
          );
          const finding = (found: readonly { key: string }[]) => ({
            count: found.length,
            keys: found
              .map(({ key }) => key)
              .sort()
              .slice(0, MAX_AUDITED_KEYS),
          });

          expect(
            await audit(inventoryOf(backwards ? items.toReversed() : items, objects, { pageSize })),
          ).toEqual({
            startedAt: NOW,
            endedAt: NOW,
            items: items.length,
            objects: objects.length,
            objectsWithoutItem: finding(withoutItem),
            itemsWithoutObject: finding(withoutObject),
          });
        },
      ),
      { numRuns: 60 },
    );
  });

  it('does not report what the reclaimer took while it worked', async () => {
    const [doomed, removed, kept] = ['a', 'b', 'c'].map((key) => item(key));
    const later = [{ ...doomed!, doomedAt: NOW }, kept!];

    const found = await audit(inventoryOf([doomed!, removed!, kept!], [], { later }));

    expect(found.itemsWithoutObject).toEqual({ count: 1, keys: ['c'] });
  });

  it('does not report what was received while it worked, under a key of its own or again', async () => {
    const again = item('a-2', { receivedAt: NOW });
    const found = await audit(
      inventoryOf([item('a', { doomedAt: OLD })], [object('a-2', NOW), object('b', NOW)], {
        later: [again, item('b', { receivedAt: NOW })],
      }),
    );

    expect(found.objectsWithoutItem.count).toBe(0);
    expect(found.itemsWithoutObject.count).toBe(0);
  });

  it('reads the items once when every object is there', async () => {
    const inventory = inventoryOf([item('a'), item('b')], [object('b'), object('a')]);
    await audit(inventory);

    expect(inventory.reads).toBe(1);
  });

  it('says that it came to no end, and nothing else, when its time is over or there are too many items', async () => {
    const inventory = inventoryOf([item('a'), item('b'), item('c')], [object('x')]);
    const late = await auditStorage({ inventory, clock: () => NOW }, { until: NOW });
    const small = await audit(inventoryOf([item('a'), item('b'), item('c')], [object('x')]), 2);

    const nothing = { count: 0, keys: [] };
    expect(late).toMatchObject({ unfinishedBecause: 'time', itemsWithoutObject: nothing });
    expect(small).toMatchObject({ unfinishedBecause: 'size', objectsWithoutItem: nothing });
  });

  it('passes on what the stores fail with', async () => {
    const inventory = {
      ...inventoryOf([], []),
      eachObject: () => Promise.reject(new Error('no bucket')),
    };

    await expect(audit(inventory)).rejects.toThrow('no bucket');
  });
});
