/**
 * A data set as Orthanc's simplified tags have it: keyword → text, values as they stand in the file, several of
 * them joined by a backslash. Sequences, pixels and private attributes are left out. Packages of dcm-processor 1
 * know headers in this form.
 */
import { textDecoding } from './character-sets.ts';
import { attributeKeywords, attributeOfKeyword, attributeOfTag } from './dictionary.ts';
import type { ParsedHeader } from './element-parser.ts';
import { valuesOf } from './values.ts';

export type SimplifiedTags = Readonly<Record<string, string>>;

const SPECIFIC_CHARACTER_SET = 0x00080005;
/** Groups of patient, study, series, equipment and image; beyond them are overlays, waveforms and pixels. */
const LAST_TAG = 0x0040ffff;
const WITHOUT_TEXT = /SQ|O[BDFLVW]|UN/;
/** Their text as it is written, not the number in it. */
const AS_WRITTEN = new Set(['DS', 'IS']);

/** What a header reader has to look for. */
export const simplifiedTagNumbers = (): ReadonlySet<number> =>
  new Set(
    [...attributeKeywords()].flatMap((keyword) => {
      const attribute = attributeOfKeyword(keyword);
      if (attribute === undefined) return [];
      const { tag, vr } = attribute;
      return tag > 0x0007ffff && tag <= LAST_TAG && !WITHOUT_TEXT.test(vr) ? [tag] : [];
    }),
  );

/** Empty attributes, and those that are too long to be kept, are left out. */
export const simplifiedTags = ({ elements }: ParsedHeader): SimplifiedTags => {
  const charset = elements.get(SPECIFIC_CHARACTER_SET);
  const decoding = textDecoding(
    charset === undefined ? [] : valuesOf(charset, textDecoding([])).map(String),
  );
  const tags: Record<string, string> = {};
  for (const [tag, element] of elements) {
    const attribute = attributeOfTag(tag);
    const vr = element.vr === 'UN' ? attribute?.vr : element.vr;
    if (attribute === undefined || vr === undefined || WITHOUT_TEXT.test(vr)) continue;
    const readAs = AS_WRITTEN.has(vr) ? 'LO' : vr;
    const text = valuesOf(element, decoding, readAs)
      .map((value) => String(value).trim())
      .join('\\');
    if (text !== '') tags[attribute.keyword] = text;
  }
  return tags;
};
