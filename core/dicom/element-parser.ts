/**
 * Finds the wanted top-level elements of a data set (PS3.5 section 7) while its bytes come in pieces of any
 * size. Everything else is stepped over, sequences and encapsulated fragments included, so that a nested
 * element is never taken for a top-level one; it stops at Pixel Data or after the last wanted tag. It keeps
 * wanted values and at most 12 more bytes. Broken data ends it with a problem, never with an exception.
 */
import { attributeOfTag, tagText } from './dictionary.ts';
import type { DataSetEncoding } from './transfer-syntaxes.ts';

/** PatientComments (LT) may have 10,240 characters, of up to four bytes each. */
export const MAX_VALUE_BYTES = 40_960;

/** Deeper nesting than any information object has: it is an attack or garbage. */
const MAX_DEPTH = 128;

const UNDEFINED_LENGTH = 0xffffffff;
const PIXEL_DATA_GROUP = 0x7fe00000;
const ITEM = 0xfffee000;
const ITEM_DELIMITER = 0xfffee00d;
const SEQUENCE_DELIMITER = 0xfffee0dd;

const SHORT_HEADER = 8;
const LONG_HEADER = 12;

/** Explicit VRs with a 32-bit length after two reserved bytes (PS3.5 table 7.1-1). */
const LONG_VRS = 'OB OD OF OL OV OW SQ SV UC UN UR UT UV'.split(' ');
const SHORT_VRS = 'AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US'.split(' ');

const CAPITALS = { first: 0x41, last: 0x5a };
const isCapital = (code: number): boolean => code >= CAPITALS.first && code <= CAPITALS.last;
/** Two letters as one number. */
const areCapitals = (letters: number): boolean =>
  isCapital(letters >> 8) && isCapital(letters & 0xff);

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);

/** By the two letters as one number: there is one to look up for every element of every instance. */
const KNOWN_VRS = new Map(
  [...LONG_VRS, ...SHORT_VRS].map((vr) => [
    Buffer.from(vr, 'latin1').readUInt16BE(0),
    { vr, long: LONG_VRS.includes(vr) },
  ]),
);

export interface Element {
  readonly tag: number;
  readonly vr: string;
  readonly value: Buffer;
  readonly littleEndian: boolean;
  /** Of a sequence: its value is the bytes of its items, which are read by sequence.ts. */
  readonly itemsImplicitVr?: boolean;
}

export interface ParsedHeader {
  /** By tag; of an element that comes twice, the first. */
  readonly elements: ReadonlyMap<number, Element>;
  /** Wanted tags whose values are longer than what is kept. */
  readonly tooLong: ReadonlySet<number>;
  /** Why reading ended before the last wanted tag. */
  readonly problem?: string;
}

export interface ElementParser {
  /** Bytes after the end of the header are ignored. */
  write(chunk: Uint8Array): void;
  /** Nothing that comes can change the result any more. */
  readonly finished: boolean;
  /** What was found up to here; a data set that ended inside an element has a problem. */
  result(): ParsedHeader;
}

/** A sequence or an item of undefined length that was entered. */
interface Frame {
  readonly kind: 'sequence' | 'item';
  readonly implicitVr: boolean;
  readonly littleEndian: boolean;
}

export const createElementParser = (
  encoding: Pick<DataSetEncoding, 'implicitVr' | 'littleEndian'>,
  wanted: ReadonlySet<number>,
): ElementParser => {
  const elements = new Map<number, Element>();
  let last = -1;
  for (const tag of wanted) if (tag > last) last = tag;
  const stack: Frame[] = [];
  /** A header that does not come in one piece. */
  const head = new Uint8Array(LONG_HEADER);
  const headView = viewOf(head);
  const outermost: Frame = { kind: 'item', ...encoding };
  let headBytes = 0;
  let headNeeded = SHORT_HEADER;
  let toSkip = 0;
  let collecting: { element: Element; filled: number } | undefined;
  const tooLong = new Set<number>();
  /** A wanted sequence of undefined length, whose bytes are kept while it is stepped through. */
  let capture: { element: Omit<Element, 'value'>; chunks: Buffer[]; length: number } | undefined;
  let finished = last < 0;
  let problem: string | undefined;

  const fail = (reason: string): void => {
    problem = reason;
    finished = true;
  };
  const push = (frame: Frame): void => {
    if (stack.length >= MAX_DEPTH) fail('sequences are nested too deeply');
    else stack.push(frame);
  };

  const enterItem = (frame: Frame, tag: number, length: number): void => {
    if (tag === SEQUENCE_DELIMITER) stack.pop();
    else if (tag !== ITEM) fail(`${tagText(tag)} stands where an item of a sequence must begin`);
    else if (length === UNDEFINED_LENGTH) push({ ...frame, kind: 'item' });
    else toSkip = length;
  };

  const takeElement = (frame: Frame, tag: number, vr: string, length: number): void => {
    const topLevel = stack.length === 0;
    if (length === UNDEFINED_LENGTH) {
      // PS3.5 section 6.2.2, note 4: inside UN of undefined length it is always Implicit VR Little Endian.
      const unknown = vr === 'UN' && !frame.implicitVr;
      const implicitVr = frame.implicitVr || unknown;
      const littleEndian = frame.littleEndian || unknown;
      push({ kind: 'sequence', implicitVr, littleEndian });
      if (topLevel && wanted.has(tag) && !elements.has(tag)) {
        const element = { tag, vr: 'SQ', littleEndian, itemsImplicitVr: implicitVr };
        capture = { element, chunks: [], length: 0 };
      }
    } else if (topLevel && wanted.has(tag) && !elements.has(tag) && length <= MAX_VALUE_BYTES) {
      const { littleEndian } = frame;
      const items = vr === 'SQ' ? { itemsImplicitVr: frame.implicitVr } : {};
      // Nobody sees the value before all of it is there.
      const element = { tag, vr, littleEndian, value: Buffer.allocUnsafe(length), ...items };
      if (length === 0) elements.set(tag, element);
      else collecting = { element, filled: 0 };
    } else {
      if (topLevel && wanted.has(tag) && !elements.has(tag)) tooLong.add(tag);
      toSkip = length;
    }
  };

  /** Looks at a header that begins `at`; returns its length, or 0 when it has more bytes than are `there`. */
  const readHeader = (view: DataView, at: number, there: number): number => {
    const frame = stack.at(-1) ?? outermost;
    const little = frame.littleEndian;
    const tag = view.getUint16(at, little) * 0x10000 + view.getUint16(at + 2, little);
    if (stack.length === 0 && (tag > last || tag >= PIXEL_DATA_GROUP)) {
      finished = true;
      return SHORT_HEADER;
    }
    // Items and delimiters have no VR in any syntax (PS3.5 section 7.5).
    if (frame.kind === 'sequence') {
      enterItem(frame, tag, view.getUint32(at + 4, little));
      return SHORT_HEADER;
    }
    if (tag === ITEM_DELIMITER) {
      stack.pop();
      return SHORT_HEADER;
    }
    const letters = view.getUint16(at + 4);
    const known = frame.implicitVr ? undefined : KNOWN_VRS.get(letters);
    if (frame.implicitVr || (known === undefined && !areCapitals(letters))) {
      // Some writers put an element without VR into an explicit data set; its length then shows as no letters.
      takeElement(frame, tag, attributeOfTag(tag)?.vr ?? 'UN', view.getUint32(at + 4, little));
      return SHORT_HEADER;
    }
    const vr = known?.vr ?? String.fromCharCode(letters >> 8, letters & 0xff);
    const length = view.getUint16(at + 6, little);
    // A VR of a later edition has the long form, and then its two reserved bytes are zero.
    const long = known?.long ?? length === 0;
    if (long && there < LONG_HEADER) return 0;
    takeElement(frame, tag, vr, long ? view.getUint32(at + 8, little) : length);
    return long ? LONG_HEADER : SHORT_HEADER;
  };

  const keepCaptured = (bytes: Uint8Array): void => {
    if (capture === undefined) return;
    const { element, chunks } = capture;
    capture.length += bytes.length;
    if (capture.length > MAX_VALUE_BYTES) {
      tooLong.add(element.tag);
      capture = undefined;
      return;
    }
    chunks.push(Buffer.from(bytes));
    if (stack.length > 0) return;
    elements.set(element.tag, { ...element, value: Buffer.concat(chunks) });
    capture = undefined;
  };

  return {
    write: (chunk) => {
      const view = viewOf(chunk);
      let at = 0;
      while (at < chunk.length && !finished) {
        const left = chunk.length - at;
        const start = at;
        const captured = capture;
        if (toSkip > 0) {
          const skipped = Math.min(toSkip, left);
          toSkip -= skipped;
          at += skipped;
        } else if (collecting !== undefined) {
          const { element, filled } = collecting;
          const taken = Math.min(element.value.length - filled, left);
          element.value.set(chunk.subarray(at, at + taken), filled);
          collecting.filled += taken;
          at += taken;
          if (collecting.filled === element.value.length) {
            elements.set(element.tag, element);
            collecting = undefined;
          }
        } else if (headBytes === 0 && left >= LONG_HEADER) {
          at += readHeader(view, at, left);
        } else {
          const taken = Math.min(headNeeded - headBytes, left);
          // For so few bytes a view of them costs more than they do.
          for (let from = at; from < at + taken; from += 1) {
            head[headBytes] = chunk[from] ?? 0;
            headBytes += 1;
          }
          at += taken;
          if (headBytes === headNeeded) {
            const isWhole = readHeader(headView, 0, headBytes) > 0;
            headNeeded = isWhole ? SHORT_HEADER : LONG_HEADER;
            if (isWhole) headBytes = 0;
          }
        }
        if (captured !== undefined) keepCaptured(chunk.subarray(start, at));
      }
    },
    get finished() {
      return finished;
    },
    result: () => {
      const inside = toSkip > 0 || collecting !== undefined || headBytes > 0 || stack.length > 0;
      const why =
        problem ?? (!finished && inside ? 'the data set ends inside an element' : undefined);
      return { elements, tooLong, ...(why === undefined ? {} : { problem: why }) };
    },
  };
};
