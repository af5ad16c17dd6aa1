/**
 * The daily audit of the stored images: are the objects there that the items name, and does an item name each
 * object? It reports, and mends nothing. Items come in no order that objects have: so the items are read first, each
 * one's key kept as a hash, then the objects are listed and looked up, and what was not met is read once more.
 */
import {
  MAX_AUDITED_KEYS,
  type AuditFinding,
  type StorageAuditItem,
  type UnfinishedBecause,
} from '../contracts/storage-audit.ts';
import type { Clock } from '../contracts/ports.ts';
import { KeyHashes } from './key-hashes.ts';

export interface AuditedItem {
  readonly objectKey: string;
  readonly receivedAt: number;
  /** The reclaimer has it: its object may be gone. */
  readonly doomedAt?: number | undefined;
}

export interface AuditedObject {
  readonly key: string;
  readonly modifiedAt: number;
}

/** Everything that is stored of received instances, grouped and unrouted, page by page in any order. */
export interface StorageInventory {
  eachItem(take: (page: readonly AuditedItem[]) => void): Promise<void>;
  eachObject(take: (page: readonly AuditedObject[]) => void): Promise<void>;
}

export interface StorageAuditDependencies {
  readonly inventory: StorageInventory;
  readonly clock: Clock;
}

/** Longer than from an object to its item, and than a function lives that deletes: what is younger is left out. */
export const AUDIT_MINIMUM_AGE_MS = 3_600_000;

/** 18 bytes of memory for each, while the table of hashes grows. */
const MAX_ITEMS = 20_000_000;

/** Thrown from page to page, so that nothing more is read. */
class Unfinished extends Error {
  override readonly name = 'Unfinished';
  readonly because: UnfinishedBecause;
  constructor(because: UnfinishedBecause) {
    super(`the audit came to no end: ${because}`);
    this.because = because;
  }
}

/** Counts all, keeps the first in the order of their keys. */
class Findings {
  #keys: string[] = [];
  #count = 0;

  add(key: string): void {
    this.#count += 1;
    this.#keys.push(key);
    if (this.#keys.length >= 2 * MAX_AUDITED_KEYS) this.#cut();
  }

  toFinding(): AuditFinding {
    this.#cut();
    return { count: this.#count, keys: this.#keys };
  }

  #cut(): void {
    this.#keys = this.#keys.sort().slice(0, MAX_AUDITED_KEYS);
  }
}

const NOTHING = { count: 0, keys: [] };

/** `until` by the clock. What changes while it works is older than an hour on neither side, or doomed. */
export const auditStorage = async (
  { inventory, clock }: StorageAuditDependencies,
  { until, maxItems = MAX_ITEMS }: { readonly until: number; readonly maxItems?: number },
): Promise<StorageAuditItem> => {
  const startedAt = clock();
  const before = startedAt - AUDIT_MINIMUM_AGE_MS;
  const known = new KeyHashes();
  const count = { objects: 0 };
  const inTime = <T>(take: (one: T) => void) => {
    return (page: readonly T[]): void => {
      if (clock() >= until) throw new Unfinished('time');
      page.forEach(take);
    };
  };
  const withoutItem = new Findings();
  const withoutObject = new Findings();
  try {
    await inventory.eachItem(
      inTime(({ objectKey }) => {
        if (known.size >= maxItems) throw new Unfinished('size');
        known.add(objectKey);
      }),
    );
    known.sort();
    await inventory.eachObject(
      inTime(({ key, modifiedAt }) => {
        count.objects += 1;
        if (!known.see(key) && modifiedAt < before) withoutItem.add(key);
      }),
    );
    // Read anew: what was doomed or removed since the first look, lacks nothing.
    if (known.hasUnseen) {
      await inventory.eachItem(
        inTime(({ objectKey, receivedAt, doomedAt }) => {
          if (doomedAt !== undefined || receivedAt >= before) return;
          if (known.isUnseen(objectKey)) withoutObject.add(objectKey);
        }),
      );
    }
  } catch (error) {
    if (!(error instanceof Unfinished)) throw error;
    return {
      ...{ startedAt, endedAt: clock(), unfinishedBecause: error.because },
      ...{ items: known.size, objects: count.objects },
      ...{ objectsWithoutItem: NOTHING, itemsWithoutObject: NOTHING },
    };
  }
  return {
    ...{ startedAt, endedAt: clock(), items: known.size, objects: count.objects },
    objectsWithoutItem: withoutItem.toFinding(),
    itemsWithoutObject: withoutObject.toFinding(),
  };
};
