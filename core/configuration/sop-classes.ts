/** SOP classes as a person names them: by UID, by the standard's name or by its keyword (PS3.6 table A-1). */
import { nearest } from '../packages/nearest.ts';
import { isValidUid } from '../dicom/uid.ts';
import { STORAGE_SOP_CLASSES } from '../upper-layer/storage-sop-classes.ts';

/** Name and keyword of a class come out alike, in any letter case. */
const plain = (text: string): string =>
  text
    .toLowerCase()
    .replace(/\(.*?\)/g, '')
    .replace('12-lead', 'twelvelead')
    .replace(/[^a-z0-9]/g, '')
    .replace(/sopclass$/, '');

/** Some names stand for two UIDs: that of today and a retired one. */
const UIDS_BY_NAME: ReadonlyMap<string, readonly string[]> = [...STORAGE_SOP_CLASSES].reduce(
  (names, [uid, name]) => names.set(plain(name), [...(names.get(plain(name)) ?? []), uid]),
  new Map<string, readonly string[]>(),
);

/** Its name, or the UID of one that the standard does not name. */
export const sopClassName = (uid: string): string => STORAGE_SOP_CLASSES.get(uid) ?? uid;

export type SopClassReading =
  | { readonly ok: true; readonly uids: readonly string[] }
  | { readonly ok: false; readonly problem: string };

/** Any valid UID is taken, so that private classes can be named; a name must be one of the standard's. */
export const readSopClass = (text: string): SopClassReading => {
  const trimmed = text.trim();
  if (isValidUid(trimmed)) return { ok: true, uids: [trimmed] };
  const uids = UIDS_BY_NAME.get(plain(trimmed));
  if (uids !== undefined) return { ok: true, uids };
  const [meant = ''] =
    UIDS_BY_NAME.get(nearest(plain(trimmed), [...UIDS_BY_NAME.keys()]) ?? '') ?? [];
  return {
    ok: false,
    problem: `"${text}" is neither a UID nor the name of a storage SOP class; did you mean "${sopClassName(meant)}"?`,
  };
};
