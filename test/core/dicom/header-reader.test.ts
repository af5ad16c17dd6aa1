/** What was written is read, whatever the encoding, and however the stream is cut. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attributeOfTag } from '../../../core/dicom/dictionary.ts';
import { MAX_VALUE_BYTES } from '../../../core/dicom/element-parser.ts';
import { createHeaderReader } from '../../../core/dicom/header-reader.ts';
import {
  DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
  encodingOf,
  EXPLICIT_VR_BIG_ENDIAN,
  EXPLICIT_VR_LITTLE_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
} from '../../../core/dicom/transfer-syntaxes.ts';
import {
  text,
  writeDataSet,
  writeElements,
  type WrittenElement,
} from '../../support/data-set-writer.ts';

const SYNTAXES = [
  IMPLICIT_VR_LITTLE_ENDIAN,
  EXPLICIT_VR_LITTLE_ENDIAN,
  EXPLICIT_VR_BIG_ENDIAN,
  DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
];

/** Text elements whose VR the dictionary knows, so that implicit VR reads the same. */
const WANTED = [
  0x00080016, 0x00080018, 0x00080020, 0x00080050, 0x00080060, 0x0008103e, 0x00100010, 0x00100020,
  0x00101030, 0x0020000d, 0x0020000e, 0x00200011, 0x00324000,
].flatMap((tag) => attributeOfTag(tag) ?? []);
const WANTED_TAGS = new Set(WANTED.map(({ tag }) => tag));

const bytes = fc.uint8Array({ maxLength: 40 });
const value = ({ tag, vr }: { tag: number; vr: string }): fc.Arbitrary<WrittenElement> =>
  bytes.map((content) => ({ tag, vr, content: { kind: 'value', bytes: content } }));

const wantedElement = fc.constantFrom(...WANTED).chain(value);

/** Private and unwanted ones: long and short lengths, sequences of both kinds that hold wanted tags, fragments. */
const { other } = fc.letrec<{ other: WrittenElement; item: WrittenElement[] }>((tie) => ({
  item: fc.array(fc.oneof({ depthSize: 'small' }, wantedElement, tie('other')), { maxLength: 3 }),
  other: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc
      .record({
        tag: fc.integer({ min: 0x00090010, max: 0x0009ffff }),
        vr: fc.constantFrom('OB', 'UN', 'LO', 'UT', 'US', 'OW', 'SH'),
      })
      .chain(value),
    fc.record({
      tag: fc.integer({ min: 0x00110010, max: 0x0011ffff }),
      vr: fc.constant('OB'),
      content: fc.record({
        kind: fc.constant('fragments' as const),
        fragments: fc.array(bytes, { maxLength: 3 }),
      }),
    }),
    fc.record({
      tag: fc.integer({ min: 0x00130010, max: 0x0013ffff }),
      vr: fc.constantFrom('SQ', 'SQ', 'UN'),
      content: fc.record({
        kind: fc.constant('sequence' as const),
        undefinedLength: fc.boolean(),
        items: fc.array(fc.record({ undefinedLength: fc.boolean(), elements: tie('item') }), {
          maxLength: 3,
        }),
      }),
    }),
  ),
}));

const dataSet = fc
  .tuple(
    fc.uniqueArray(wantedElement, { selector: ({ tag }) => tag, maxLength: WANTED.length }),
    fc.uniqueArray(other, { selector: ({ tag }) => tag, maxLength: 6 }),
  )
  .map(([wanted, others]) => [...wanted, ...others].toSorted((a, b) => a.tag - b.tag));

const pixelData: WrittenElement = {
  tag: 0x7fe00010,
  vr: 'OW',
  content: { kind: 'value', bytes: new Uint8Array(300) },
};

const cut = (whole: Buffer, sizes: readonly number[]): Buffer[] => {
  const pieces = [];
  let at = 0;
  for (let index = 0; at < whole.length; index += 1) {
    const size = sizes[index % sizes.length] ?? whole.length;
    pieces.push(whole.subarray(at, at + size));
    at += size;
  }
  return pieces;
};

const readAll = async (syntax: string, pieces: readonly Buffer[], wanted = WANTED_TAGS) => {
  const reader = createHeaderReader(syntax, wanted);
  for (const piece of pieces) if (!reader.finished) await reader.write(piece);
  return reader.end();
};

describe('header reader', () => {
  it.each(SYNTAXES)('reads what was written in %s, for any cut of the stream', async (syntax) => {
    await fc.assert(
      fc.asyncProperty(
        dataSet,
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        async (elements, sizes, withPixels) => {
          const written = writeDataSet(
            withPixels ? [...elements, pixelData] : elements,
            encodingOf(syntax),
          );

          const { elements: found, problem } = await readAll(syntax, cut(written, sizes));

          const expected = elements
            .filter(({ tag }) => WANTED_TAGS.has(tag))
            .map(({ tag, vr, content }) => [
              tag,
              vr,
              content.kind === 'value' ? Buffer.from(content.bytes).toString('hex') : '',
            ]);
          expect(problem).toBeUndefined();
          expect(
            [...found.values()].map((element) => [
              element.tag,
              element.vr,
              element.value.toString('hex'),
            ]),
          ).toEqual(expected);
        },
      ),
      { numRuns: syntax === DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN ? 60 : 200 },
    );
  });

  it.each(SYNTAXES)(
    'ends with a result and never with an exception on garbage in %s',
    async (syntax) => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (garbage) => {
          const { elements } = await readAll(syntax, [Buffer.from(garbage)]);

          expect(elements.size).toBeLessThanOrEqual(WANTED.length);
        }),
        { numRuns: 100 },
      );
    },
  );

  it('stops at Pixel Data without looking at the rest', async () => {
    const reader = createHeaderReader(EXPLICIT_VR_LITTLE_ENDIAN, new Set([0x00100020, 0x7fe10010]));

    await reader.write(
      writeElements(
        [text(0x00100020, 'LO', 'P1'), pixelData],
        encodingOf(EXPLICIT_VR_LITTLE_ENDIAN),
      ),
    );

    expect(reader.finished).toBe(true);
    expect((await reader.end()).problem).toBeUndefined();
  });

  it('says that a data set ended inside an element, and keeps what came before', async () => {
    const whole = writeElements(
      [text(0x00100020, 'LO', 'P1'), text(0x0020000d, 'UI', '1.2.3.4')],
      encodingOf(IMPLICIT_VR_LITTLE_ENDIAN),
    );

    const header = await readAll(IMPLICIT_VR_LITTLE_ENDIAN, [whole.subarray(0, whole.length - 2)]);

    expect(header.problem).toBe('the data set ends inside an element');
    expect(header.elements.get(0x00100020)?.value.toString('latin1')).toBe('P1');
  });

  it('refuses sequences that are nested beyond every real object, with bounded memory', async () => {
    const open = Buffer.concat([
      Buffer.from([0x08, 0x00, 0x40, 0x11, 0x53, 0x51, 0, 0, 0xff, 0xff, 0xff, 0xff]),
      Buffer.from([0xfe, 0xff, 0x00, 0xe0, 0xff, 0xff, 0xff, 0xff]),
    ]);

    const header = await readAll(
      EXPLICIT_VR_LITTLE_ENDIAN,
      Array.from({ length: 10_000 }, () => open),
    );

    expect(header.problem).toBe('sequences are nested too deeply');
  });

  it('does not keep a value that no attribute of a header has room for', async () => {
    const big = text(0x00324000, 'LT', 'x'.repeat(MAX_VALUE_BYTES + 2));

    const header = await readAll(IMPLICIT_VR_LITTLE_ENDIAN, [
      writeElements([text(0x00100020, 'LO', 'P1'), big], encodingOf(IMPLICIT_VR_LITTLE_ENDIAN)),
    ]);

    expect([...header.elements.keys()]).toEqual([0x00100020]);
    expect(header.problem).toBeUndefined();
  });

  it('takes the padding after a deflated data set, in whatever piece it comes (PS3.5 section A.5)', async () => {
    const deflated = writeDataSet(
      [text(0x00100020, 'LO', 'P1')],
      encodingOf(DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN),
    );

    const headers = await Promise.all([
      readAll(DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, [Buffer.concat([deflated, Buffer.alloc(1)])]),
      readAll(DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, [deflated, Buffer.alloc(1), Buffer.alloc(1)]),
    ]);

    expect(headers.map(({ problem }) => problem)).toEqual([undefined, undefined]);
    expect(headers.map(({ elements }) => elements.size)).toEqual([1, 1]);
  });

  it('says so when a deflated data set cannot be inflated', async () => {
    const header = await readAll(DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, [
      Buffer.from('ffffffffffffffff', 'hex'),
    ]);

    expect(header.problem).toBe('the deflated data set cannot be inflated');
  });
});
