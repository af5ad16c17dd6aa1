/**
 * What the daily audit of the stored images found: received objects that no item names, and items whose object is
 * not there. One item of the table has the latest audit, and the API shows it.
 */
import { z } from 'zod';
import { named } from './api.ts';
import { isoTime } from './day.ts';

const Milliseconds = z.int().min(0);

/** So many keys of each kind are kept; the counts are of all. */
export const MAX_AUDITED_KEYS = 100;

/** Why an audit came to no end: its time was over, or there are more items than it can hold. */
export const UNFINISHED_BECAUSE = ['time', 'size'] as const;
export type UnfinishedBecause = (typeof UNFINISHED_BECAUSE)[number];

const AuditFinding = z.object({
  count: z.int().min(0),
  /** The first {@link MAX_AUDITED_KEYS} in ascending order. */
  keys: z.array(z.string()),
});
export type AuditFinding = z.infer<typeof AuditFinding>;

const findings = {
  /** Items and objects that were looked at, young ones too. */
  items: z.int().min(0),
  objects: z.int().min(0),
  objectsWithoutItem: AuditFinding,
  itemsWithoutObject: AuditFinding,
};

export const StorageAuditItem = z.object({
  startedAt: Milliseconds,
  endedAt: Milliseconds,
  /** Of an audit that came to no end: what it found until then is not kept, for it may be wrong. */
  unfinishedBecause: z.enum(UNFINISHED_BECAUSE).optional(),
  ...findings,
});
export type StorageAuditItem = z.infer<typeof StorageAuditItem>;

const Time = z.iso.datetime({ precision: 3 });

export const StorageAudit = named(
  'StorageAudit',
  z.object({
    startedAt: Time,
    endedAt: Time,
    unfinishedBecause: z
      .enum(UNFINISHED_BECAUSE)
      .nullable()
      .describe('null: it is complete; else nothing is said about what is stored'),
    ...findings,
  }),
);
export type StorageAudit = z.infer<typeof StorageAudit>;

export const toStorageAudit = (item: StorageAuditItem): StorageAudit => ({
  startedAt: isoTime(item.startedAt),
  endedAt: isoTime(item.endedAt),
  unfinishedBecause: item.unfinishedBecause ?? null,
  items: item.items,
  objects: item.objects,
  objectsWithoutItem: item.objectsWithoutItem,
  itemsWithoutObject: item.itemsWithoutObject,
});
