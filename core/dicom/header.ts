/**
 * What the platform knows of a received instance beyond its bytes: identifiers, the values of its group's key,
 * and the attributes of its patient, study and series in the formats of dcm-processor's headers.
 */
import type { HeaderAttributes } from '../contracts/items.ts';
import { HEADER_KEYWORDS } from '../planning/header-keywords.ts';
import { textDecoding } from './character-sets.ts';
import { attributeOfKeyword, type Attribute } from './dictionary.ts';
import type { ParsedHeader } from './element-parser.ts';
import { valuesOf, type Value } from './values.ts';

const IDENTIFIERS = [
  'SpecificCharacterSet',
  'SOPClassUID',
  'SOPInstanceUID',
  'StudyInstanceUID',
  'SeriesInstanceUID',
  'PatientID',
  'IssuerOfPatientID',
] as const;

const attributesOf = (keywords: readonly string[]): Attribute[] =>
  keywords.flatMap((keyword) => attributeOfKeyword(keyword) ?? []);

const HEADER_ATTRIBUTES = attributesOf(HEADER_KEYWORDS.series);
const SPECIFIC_CHARACTER_SET = 0x00080005;

/** Of the values of an instance's attributes in its item, which may have 400 KB; as text they take up to three times that. */
const MAX_ATTRIBUTES_BYTES = 60_000;

/** The tags to look for in an instance whose AE title groups by `groupBy` (keywords). */
export const wantedTags = (groupBy: readonly string[]): ReadonlySet<number> =>
  new Set([
    ...attributesOf(IDENTIFIERS).map(({ tag }) => tag),
    ...HEADER_ATTRIBUTES.map(({ tag }) => tag),
    ...attributesOf(groupBy).map(({ tag }) => tag),
  ]);

export interface InstanceHeader {
  /** Why reading ended early; what came before is there all the same. */
  readonly problem?: string;
  /** The values of an attribute as one text, without padding; undefined when it is not in the data set. */
  text(keyword: string): string | undefined;
  readonly attributes: HeaderAttributes;
}

/** The alphabetic group of a name; of a name that has none, the first group that is there. */
const nameText = (name: string): string => {
  const groups = name.split('=').map((group) => group.trimEnd());
  return groups.find((group) => group !== '') ?? '';
};

/** dcm-processor gives all digits of an age as one number: "054Y" → 54, "018M" → 18. */
const ageNumber = (text: string): number | undefined => {
  const digits = text.replace(/\D/g, '');
  return digits === '' ? undefined : Number(digits);
};

/** The value of an attribute as dcm-processor's headers have it; undefined without any. */
export const headerValue = (keyword: string, vr: string, values: readonly Value[]): unknown => {
  if (keyword === 'PatientAge') return ageNumber(values.join(''));
  const shown = vr === 'PN' ? values.map((value) => nameText(String(value))) : values;
  return shown.length > 1 ? shown : shown[0];
};

export const instanceHeader = ({ elements, problem }: ParsedHeader): InstanceHeader => {
  const charset = elements.get(SPECIFIC_CHARACTER_SET);
  const decoding = textDecoding(
    charset === undefined ? [] : valuesOf(charset, textDecoding([])).map(String),
  );
  const attributes: HeaderAttributes = {};
  let room = MAX_ATTRIBUTES_BYTES;
  for (const { keyword, tag, vr } of HEADER_ATTRIBUTES) {
    const element = elements.get(tag);
    if (element === undefined) continue;
    const value = headerValue(keyword, vr, valuesOf(element, decoding, vr));
    if (value === undefined || value === '') continue;
    room -= element.value.length;
    if (room >= 0) attributes[keyword] = value;
  }
  return {
    ...(problem === undefined ? {} : { problem }),
    text: (keyword) => {
      const attribute = attributeOfKeyword(keyword);
      const element = attribute === undefined ? undefined : elements.get(attribute.tag);
      if (attribute === undefined || element === undefined) return undefined;
      const vr = element.vr === 'UN' ? attribute.vr : element.vr;
      return valuesOf(element, decoding, vr).join('\\').trim();
    },
    attributes,
  };
};
