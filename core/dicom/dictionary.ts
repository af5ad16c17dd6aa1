/**
 * The data dictionary (PS3.6): tag ↔ keyword, and the value representation that implicit VR leaves out.
 * A tag is a number, group × 65,536 + element. Private attributes are not in it.
 */
import { dictionary } from 'dcmjs/dictionary';

export interface Attribute {
  readonly tag: number;
  readonly keyword: string;
  readonly vr: string;
}

const RETIRED = /^RETIRED_/;

/** dcmjs writes choices such as "US or SS" as two lower-case letters; the first choice is taken. */
const VR_OF_CHOICE: Readonly<Record<string, string>> = {
  xs: 'US',
  ox: 'OB',
  lt: 'US',
  up: 'UL',
  na: 'UN',
};

const byTag = new Map<number, Attribute>();
const byKeyword = new Map<string, Attribute>();

const add = (dicomOnly: boolean): void => {
  for (const entry of Object.values(dictionary)) {
    const match = /^\(([0-9A-F]{4}),([0-9A-F]{4})\)$/.exec(entry.tag);
    if (match?.[1] === undefined || match[2] === undefined) continue;
    if ((entry.version === 'DICOM') !== dicomOnly) continue;
    const tag = parseInt(match[1] + match[2], 16);
    const vr = entry.vr ?? 'UN';
    const attribute = {
      tag,
      keyword: entry.name.replace(RETIRED, ''),
      vr: VR_OF_CHOICE[vr] ?? vr,
    };
    if (!byTag.has(tag)) byTag.set(tag, attribute);
    if (!byKeyword.has(attribute.keyword)) byKeyword.set(attribute.keyword, attribute);
  }
};
// The security and non-destructive-testing dictionaries share some keywords with DICOM's own, which wins.
add(true);
add(false);

/** The attribute with this keyword, retired ones included; undefined when the dictionary has none. */
export const attributeOfKeyword = (keyword: string): Attribute | undefined =>
  byKeyword.get(keyword);

/** All keywords, retired ones included. */
export const attributeKeywords = (): Iterable<string> => byKeyword.keys();

/** Undefined for private tags and for those that the dictionary lacks. */
export const attributeOfTag = (tag: number): Attribute | undefined => byTag.get(tag);

/** `(gggg,eeee)` in upper-case hexadecimal. */
export const tagText = (tag: number): string => {
  const digits = tag.toString(16).toUpperCase().padStart(8, '0');
  return `(${digits.slice(0, 4)},${digits.slice(4)})`;
};
