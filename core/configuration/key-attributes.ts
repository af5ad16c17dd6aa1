/** Which attributes a group's key may be made of, by the data dictionary (PS3.6). */
import { keywordOfLevel } from '../contracts/api-conversion.ts';
import { attributeOfKeyword, attributeOfTag } from '../dicom/dictionary.ts';

/** Value representations whose values are short texts or numbers (PS3.5 section 6.2). */
const USABLE_VRS = new Set('AE AS CS DA DS DT IS LO PN SH SL SS TM UC UI UL UR US'.split(' '));

export type KeyAttribute =
  | { readonly ok: true; readonly keyword: string }
  | { readonly ok: false; readonly problem: string };

const attributeOf = (text: string) => {
  const tag = /^\(?\s*([0-9a-f]{4})\s*,?\s*([0-9a-f]{4})\s*\)?$/i.exec(text);
  return tag?.[1] !== undefined && tag[2] !== undefined
    ? attributeOfTag(parseInt(tag[1] + tag[2], 16))
    : attributeOfKeyword(text);
};

/** The keyword of `Patient`, `Study`, `Series`, a keyword or a tag `(gggg,eeee)`; levels and tags in any letter case. */
export const keyAttribute = (text: string): KeyAttribute => {
  const trimmed = text.trim();
  const level = keywordOfLevel(trimmed);
  if (level !== undefined) return { ok: true, keyword: level };
  const attribute = attributeOf(trimmed);
  if (attribute === undefined) {
    return {
      ok: false,
      problem: `"${text}" is no known attribute; write Patient, Study, Series, a keyword such as AccessionNumber, or (gggg,eeee)`,
    };
  }
  if (!USABLE_VRS.has(attribute.vr)) {
    return {
      ok: false,
      problem: `${attribute.keyword} has the value representation ${attribute.vr}, which cannot be a key`,
    };
  }
  return { ok: true, keyword: attribute.keyword };
};
