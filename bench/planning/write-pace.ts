/**
 * The pace of a table as DynamoDB documents it: a partition takes 1,000 write units and 3,000 read units in a second. A
 * new table on demand has four of them, over which the partition keys are spread by a hash. What AWS often gives beyond
 * that (bursts, partitions that are split where they are hot) is not counted on.
 */
import { createHash } from 'node:crypto';
import type { Demand } from '../../test/support/memory-documents.ts';

const PARTITIONS = 4;
const UNITS_PER_SECOND = { write: 1000, read: 3000 } as const;

/** Of a second's units, those that may be taken at one moment; a transaction of 100 items takes 200. */
const AT_ONCE = 0.25;

interface Bucket {
  units: number;
  at: number;
}

export interface WritePace {
  /** All of it or nothing. */
  readonly take: (demands: readonly Demand[]) => boolean;
  throttled: number;
}

/** `clock` in milliseconds. */
export const writePace = (clock: () => number): WritePace => {
  const buckets = new Map<string, Bucket>();
  const bucketOf = ({ pk, kind }: Demand): Bucket => {
    const partition = createHash('md5').update(pk).digest().readUInt32BE() % PARTITIONS;
    const name = `${kind} ${String(partition)}`;
    const most = UNITS_PER_SECOND[kind] * AT_ONCE;
    const now = clock();
    const bucket = buckets.get(name) ?? { units: most, at: now };
    bucket.units = Math.min(
      most,
      bucket.units + ((now - bucket.at) / 1000) * UNITS_PER_SECOND[kind],
    );
    bucket.at = now;
    buckets.set(name, bucket);
    return bucket;
  };
  const pace: WritePace = {
    throttled: 0,
    take: (demands) => {
      const taken: [Bucket, number][] = [];
      for (const demand of demands) {
        const bucket = bucketOf(demand);
        bucket.units -= demand.units;
        taken.push([bucket, demand.units]);
        if (bucket.units >= 0) continue;
        for (const [one, units] of taken) one.units += units;
        pace.throttled += 1;
        return false;
      }
      return true;
    },
  };
  return pace;
};
