/**
 * Settings of the called AE title: read again after some seconds, so that a change takes effect without a restart, and
 * the same to an association's end, so that it takes effect with the next one.
 */
import { limit } from '../../aws/time-limit.ts';
import type { AeTitleItem } from '../../core/contracts/configuration.ts';
import type { Clock } from '../../core/contracts/ports.ts';
import { wantedTags } from '../../core/dicom/header.ts';
import { declaredKeywords } from '../../core/processors/completeness.ts';

const KEPT_MS = 2000;
const READ_LIMIT_MS = 5000;

/** With what is made of them once, and not for each instance. */
export interface ReceivingSettings {
  readonly settings: AeTitleItem;
  /** Keywords that its declared inputs read. */
  readonly declares: readonly string[];
  /** Tags to look for in the header of an instance. */
  readonly wanted: ReadonlySet<number>;
}

export type FindAeTitle = (name: string) => Promise<ReceivingSettings | undefined>;

const receivingSettings = (settings: AeTitleItem): ReceivingSettings => {
  const declares = declaredKeywords(settings.complete);
  return { settings, declares, wanted: wantedTags([...settings.groupBy, ...declares]) };
};

/** Concurrent questions share one read; a failed read is not kept. */
export const keptAeTitles = (
  find: (name: string) => Promise<AeTitleItem | undefined>,
  clock: Clock,
): FindAeTitle => {
  const kept = new Map<string, { readonly at: number; readonly found: ReturnType<FindAeTitle> }>();
  return (name) => {
    const known = kept.get(name);
    const now = clock();
    if (known !== undefined && now - known.at < KEPT_MS && now >= known.at) return known.found;
    const found = limit(find(name), READ_LIMIT_MS).then((item) => item && receivingSettings(item));
    kept.set(name, { at: now, found });
    found.catch(() => {
      if (kept.get(name)?.found === found) kept.delete(name);
    });
    return found;
  };
};

/**
 * Of one association: what is found now, asked for at once. What could not be read, or is not there, is asked for again
 * with the next instance.
 */
export const settingsOfAssociation = (find: FindAeTitle, name: string): FindAeTitle => {
  let found: ReturnType<FindAeTitle> | undefined;
  const ask = (): ReturnType<FindAeTitle> => {
    const asked = find(name);
    found = asked;
    const forget = (): void => {
      if (found === asked) found = undefined;
    };
    asked.then((settings) => {
      if (settings === undefined) forget();
    }, forget);
    return asked;
  };
  void ask();
  return () => found ?? ask();
};
