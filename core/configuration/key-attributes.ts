/** Which attributes a group's key may be made of, by the data dictionary (PS3.6). */
import dcmjs from 'dcmjs';
import { keywordOfLevel } from '../contracts/api-conversion.ts';

const { nameMap, dictionary } = dcmjs.data.DicomMetaDictionary;

/** Value representations whose values are short texts or numbers (PS3.5 section 6.2). */
const USABLE_VRS = new Set('AE AS CS DA DS DT IS LO PN SH SL SS TM UC UI UL UR US'.split(' '));

export type KeyAttribute =
  | { readonly ok: true; readonly keyword: string }
  | { readonly ok: false; readonly problem: string };

const entryOf = (text: string) => {
  const tag = /^\(?\s*([0-9a-f]{4})\s*,?\s*([0-9a-f]{4})\s*\)?$/i.exec(text);
  if (tag?.[1] !== undefined && tag[2] !== undefined) {
    return dictionary[`(${tag[1].toUpperCase()},${tag[2].toUpperCase()})`];
  }
  if (Object.hasOwn(nameMap, text)) return nameMap[text];
  const lower = text.toLowerCase();
  const name = Object.keys(nameMap).find((keyword) => keyword.toLowerCase() === lower);
  return name === undefined ? undefined : nameMap[name];
};

/** The keyword of `Patient`, `Study`, `Series`, a keyword or a tag `(gggg,eeee)`, whatever its letter case. */
export const keyAttribute = (text: string): KeyAttribute => {
  const trimmed = text.trim();
  const level = keywordOfLevel(trimmed);
  if (level !== undefined) return { ok: true, keyword: level };
  const entry = entryOf(trimmed);
  if (entry === undefined || entry.name.startsWith('RETIRED_')) {
    return {
      ok: false,
      problem: `"${text}" is no known attribute; write Patient, Study, Series, a keyword such as AccessionNumber, or (gggg,eeee)`,
    };
  }
  if (!USABLE_VRS.has(entry.vr)) {
    return {
      ok: false,
      problem: `${entry.name} has the value representation ${entry.vr}, which cannot be a key`,
    };
  }
  return { ok: true, keyword: entry.name };
};
