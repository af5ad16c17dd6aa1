/** Writes data sets in every encoding, from a tree of elements: what the header reader is tested against. */
import { deflateRawSync } from 'node:zlib';
import type { DataSetEncoding } from '../../core/dicom/transfer-syntaxes.ts';

export interface WrittenElement {
  readonly tag: number;
  readonly vr: string;
  readonly content:
    | { readonly kind: 'value'; readonly bytes: Uint8Array }
    | {
        readonly kind: 'sequence';
        readonly undefinedLength: boolean;
        readonly items: readonly WrittenItem[];
      }
    /** Encapsulated fragments, as of an icon's pixel data. */
    | { readonly kind: 'fragments'; readonly fragments: readonly Uint8Array[] };
}

export interface WrittenItem {
  readonly undefinedLength: boolean;
  readonly elements: readonly WrittenElement[];
}

const LONG_VRS = new Set('OB OD OF OL OV OW SQ SV UC UN UR UT UV'.split(' '));
const UNDEFINED = 0xffffffff;
const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;

type Form = Pick<DataSetEncoding, 'implicitVr' | 'littleEndian'>;

const u16 = (value: number, { littleEndian }: Form): Buffer => {
  const bytes = Buffer.alloc(2);
  if (littleEndian) bytes.writeUInt16LE(value);
  else bytes.writeUInt16BE(value);
  return bytes;
};
const u32 = (value: number, { littleEndian }: Form): Buffer => {
  const bytes = Buffer.alloc(4);
  if (littleEndian) bytes.writeUInt32LE(value);
  else bytes.writeUInt32BE(value);
  return bytes;
};
const tagBytes = (tag: number, form: Form): Buffer =>
  Buffer.concat([u16(tag >>> 16, form), u16(tag & 0xffff, form)]);
const marker = (tag: number, length: number, form: Form): Buffer =>
  Buffer.concat([tagBytes(tag, form), u32(length, form)]);

const elementHead = (tag: number, vr: string, length: number, form: Form): Buffer => {
  if (form.implicitVr) return marker(tag, length, form);
  const letters = Buffer.from(vr, 'latin1');
  return LONG_VRS.has(vr)
    ? Buffer.concat([tagBytes(tag, form), letters, Buffer.alloc(2), u32(length, form)])
    : Buffer.concat([tagBytes(tag, form), letters, u16(length, form)]);
};

const writeItem = ({ undefinedLength, elements }: WrittenItem, form: Form): Buffer => {
  const body = writeElements(elements, form);
  return undefinedLength
    ? Buffer.concat([marker(ITEM, UNDEFINED, form), body, marker(ITEM_END, 0, form)])
    : Buffer.concat([marker(ITEM, body.length, form), body]);
};

const writeElement = ({ tag, vr, content }: WrittenElement, form: Form): Buffer => {
  switch (content.kind) {
    case 'value':
      return Buffer.concat([elementHead(tag, vr, content.bytes.length, form), content.bytes]);
    case 'fragments':
      return Buffer.concat([
        elementHead(tag, vr, UNDEFINED, form),
        ...content.fragments.flatMap((bytes) => [marker(ITEM, bytes.length, form), bytes]),
        marker(SEQUENCE_END, 0, form),
      ]);
    case 'sequence': {
      // PS3.5 section 6.2.2: a sequence written as UN of undefined length is Implicit VR Little Endian.
      const inner =
        vr === 'UN' && content.undefinedLength && !form.implicitVr
          ? { implicitVr: true, littleEndian: true }
          : form;
      const body = Buffer.concat(content.items.map((item) => writeItem(item, inner)));
      return content.undefinedLength
        ? Buffer.concat([
            elementHead(tag, vr, UNDEFINED, form),
            body,
            marker(SEQUENCE_END, 0, inner),
          ])
        : Buffer.concat([elementHead(tag, vr, body.length, form), body]);
    }
  }
};

export const writeElements = (elements: readonly WrittenElement[], form: Form): Buffer =>
  Buffer.concat(elements.map((element) => writeElement(element, form)));

export const writeDataSet = (
  elements: readonly WrittenElement[],
  encoding: DataSetEncoding,
): Buffer => {
  const bytes = writeElements(elements, encoding);
  return encoding.deflated ? deflateRawSync(bytes) : bytes;
};

/** An element with a text value, padded to an even length. */
export const text = (tag: number, vr: string, value: string): WrittenElement => ({
  tag,
  vr,
  content: {
    kind: 'value',
    bytes: Buffer.from(
      value.length % 2 === 0 ? value : value + (vr === 'UI' ? '\0' : ' '),
      'latin1',
    ),
  },
});
