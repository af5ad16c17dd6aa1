/** Settings of the called AE title, read again after some seconds: a change takes effect without a restart. */
import { limit } from '../../aws/time-limit.ts';
import type { AeTitleItem } from '../../core/contracts/configuration.ts';
import type { Clock } from '../../core/contracts/ports.ts';

const KEPT_MS = 2000;
const READ_LIMIT_MS = 5000;

export type FindAeTitle = (name: string) => Promise<AeTitleItem | undefined>;

/** Concurrent questions share one read; a failed read is not kept. */
export const keptAeTitles = (find: FindAeTitle, clock: Clock): FindAeTitle => {
  const kept = new Map<string, { readonly at: number; readonly item: ReturnType<FindAeTitle> }>();
  return (name) => {
    const known = kept.get(name);
    const now = clock();
    if (known !== undefined && now - known.at < KEPT_MS && now >= known.at) return known.item;
    const item = limit(find(name), READ_LIMIT_MS);
    kept.set(name, { at: now, item });
    item.catch(() => {
      if (kept.get(name)?.item === item) kept.delete(name);
    });
    return item;
  };
};
