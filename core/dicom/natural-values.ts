/**
 * Chosen attributes of a data set as a plain object by keyword, in the value formats of dcm-processor's headers;
 * sequences as lists of such objects, each with the chosen attributes that its item has.
 */
import { textDecoding, type TextDecoding } from './character-sets.ts';
import { attributeOfKeyword, attributeOfTag } from './dictionary.ts';
import type { Element, ParsedHeader } from './element-parser.ts';
import { headerValue } from './header.ts';
import { sequenceItems } from './sequence.ts';
import { valuesOf } from './values.ts';

/** Reading ended before it was clear what the attributes are; of which instance is the caller's to say. */
export class AttributesUnreadable extends Error {
  override readonly name = 'AttributesUnreadable';
}

export type NaturalValues = Readonly<Record<string, unknown>>;

/** Of an item that holds 400 KB at most. */
const MAX_DECLARED_CHARACTERS = 60_000;
const SPECIFIC_CHARACTER_SET = 0x00080005;

const tagOf = (keyword: string): number[] => {
  const attribute = attributeOfKeyword(keyword);
  return attribute === undefined ? [] : [attribute.tag];
};

/** What a header reader has to look for. */
export const tagsToRead = (keywords: Iterable<string>): ReadonlySet<number> =>
  new Set([SPECIFIC_CHARACTER_SET, ...[...keywords].flatMap(tagOf)]);

const isEmpty = (value: unknown): boolean => value === undefined || value === '';

const valuesIn = (
  elements: ReadonlyMap<number, Element>,
  tags: ReadonlySet<number>,
  decoding: TextDecoding,
): NaturalValues => {
  const found: Record<string, unknown> = {};
  for (const tag of tags) {
    const element = elements.get(tag);
    const attribute = attributeOfTag(tag);
    if (element === undefined || attribute === undefined) continue;
    const vr = element.vr === 'UN' ? attribute.vr : element.vr;
    const value =
      vr === 'SQ'
        ? sequenceItems(element).map((item) => valuesIn(item, tags, decoding))
        : headerValue(attribute.keyword, vr, valuesOf(element, decoding, vr));
    if (!isEmpty(value)) found[attribute.keyword] = value;
  }
  return found;
};

/** Undefined when they cannot be read, or are more than an item can hold. */
export const declaredValues = (
  header: ParsedHeader,
  keywords: readonly string[],
): NaturalValues | undefined => {
  try {
    const values = naturalValues(header, keywords);
    return JSON.stringify(values).length <= MAX_DECLARED_CHARACTERS ? values : undefined;
  } catch (error) {
    if (error instanceof AttributesUnreadable) return undefined;
    throw error;
  }
};

/** Throws {@link AttributesUnreadable}: what could not be read is not the same as what is not there. */
export const naturalValues = (header: ParsedHeader, keywords: Iterable<string>): NaturalValues => {
  const tags = tagsToRead(keywords);
  if (header.problem !== undefined) throw new AttributesUnreadable(header.problem);
  const long = [...header.tooLong].find((tag) => tags.has(tag));
  if (long !== undefined) {
    throw new AttributesUnreadable(`${attributeOfTag(long)?.keyword ?? ''} is too long to be read`);
  }
  const charset = header.elements.get(SPECIFIC_CHARACTER_SET);
  const decoding = textDecoding(
    charset === undefined ? [] : valuesOf(charset, textDecoding([])).map(String),
  );
  try {
    return valuesIn(header.elements, tags, decoding);
  } catch (error) {
    throw new AttributesUnreadable(error instanceof Error ? error.message : 'it is broken');
  }
};
