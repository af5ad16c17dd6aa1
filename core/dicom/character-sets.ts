/**
 * Text of a data set in its Specific Character Set (0008,0005): PS3.3 section C.12.1.1.2, PS3.5 section 6.1.
 * Single-byte sets, UTF-8, GB18030 and GBK are decoded as a whole; the ISO 2022 ones by following their
 * escape sequences. What cannot be decoded becomes U+FFFD: a bad text is never a reason to lose an image.
 */

type Decode = (bytes: Uint8Array) => string;

const latin1: Decode = (bytes) =>
  (bytes instanceof Buffer ? bytes : Buffer.from(bytes)).toString('latin1');
const by = (label: string): Decode => {
  const decoder = new TextDecoder(label);
  return (bytes) => decoder.decode(bytes);
};
const euc = by('euc-jp');

const RIGHT_HALVES: Readonly<Record<string, Decode>> = {
  '100': latin1,
  '101': by('iso-8859-2'),
  '109': by('iso-8859-3'),
  '110': by('iso-8859-4'),
  '144': by('iso-8859-5'),
  '127': by('iso-8859-6'),
  '126': by('iso-8859-7'),
  '138': by('iso-8859-8'),
  '148': by('iso-8859-9'),
  '203': by('iso-8859-15'),
  '166': by('windows-874'),
  '13': by('shift_jis'),
};
const KOREAN = by('euc-kr');
const CHINESE = by('gbk');

const WHOLE: Readonly<Record<string, Decode>> = {
  'ISO_IR 192': by('utf-8'),
  GB18030: by('gb18030'),
  GBK: CHINESE,
};

/** JIS X 0208 and JIS X 0212 as ISO 2022 writes them, in 7 bits, become EUC by setting the high bit. */
const kanji: Decode = (bytes) => euc(bytes.map((byte) => byte | 0x80));
const supplementaryKanji: Decode = (bytes) => {
  const pairs = [];
  for (let at = 0; at < bytes.length; at += 2) {
    pairs.push(0x8f, (bytes[at] ?? 0) | 0x80, (bytes[at + 1] ?? 0) | 0x80);
  }
  return euc(Uint8Array.from(pairs));
};

interface Designation {
  readonly half: 'left' | 'right';
  readonly decode: Decode;
  readonly twoBytes?: boolean;
}
const right = (decode: Decode | undefined): Designation => ({
  half: 'right',
  decode: decode ?? latin1,
});

/** What follows ESC (PS3.3 tables C.12-3 and C.12-4). */
const ESCAPES: readonly (readonly [string, Designation])[] = [
  ['(B', { half: 'left', decode: latin1 }],
  ['(J', { half: 'left', decode: latin1 }],
  [')I', right(RIGHT_HALVES['13'])],
  ['-A', right(RIGHT_HALVES['100'])],
  ['-B', right(RIGHT_HALVES['101'])],
  ['-C', right(RIGHT_HALVES['109'])],
  ['-D', right(RIGHT_HALVES['110'])],
  ['-L', right(RIGHT_HALVES['144'])],
  ['-G', right(RIGHT_HALVES['127'])],
  ['-F', right(RIGHT_HALVES['126'])],
  ['-H', right(RIGHT_HALVES['138'])],
  ['-M', right(RIGHT_HALVES['148'])],
  ['-b', right(RIGHT_HALVES['203'])],
  ['-T', right(RIGHT_HALVES['166'])],
  ['$B', { half: 'left', decode: kanji, twoBytes: true }],
  ['$@', { half: 'left', decode: kanji, twoBytes: true }],
  ['$(D', { half: 'left', decode: supplementaryKanji, twoBytes: true }],
  ['$)C', right(KOREAN)],
  ['$)A', right(CHINESE)],
];

const ESCAPE = 0x1b;
const ASCII: Designation = { half: 'left', decode: latin1 };
/** Backslash, CR, LF, FF, TAB, and in names ^ and =: the initial sets are active again after them. */
const DELIMITERS = new Set([0x5c, 0x0d, 0x0a, 0x0c, 0x09]);
const NAME_DELIMITERS = new Set([...DELIMITERS, 0x5e, 0x3d]);

const decodeIso2022 = (
  bytes: Uint8Array,
  initialRight: Designation,
  delimiters: ReadonlySet<number>,
): string => {
  let text = '';
  let left = ASCII;
  let rightHalf = initialRight;
  let start = 0;
  let at = 0;
  const flush = (designation: Designation): void => {
    if (at > start) text += designation.decode(bytes.subarray(start, at));
    start = at;
  };
  while (at < bytes.length) {
    const byte = bytes[at] ?? 0;
    if (byte === ESCAPE) {
      const following = latin1(bytes.subarray(at + 1, at + 4));
      const escape = ESCAPES.find(([sequence]) => following.startsWith(sequence));
      if (escape !== undefined) {
        at += 1 + escape[0].length;
        start = at;
        if (escape[1].half === 'left') left = escape[1];
        else rightHalf = escape[1];
        continue;
      }
    }
    if (byte >= 0x80) {
      while (at < bytes.length && (bytes[at] ?? 0) >= 0x80) at += 1;
      flush(rightHalf);
    } else if (left.twoBytes === true && byte !== ESCAPE && byte > 0x20) {
      while (at + 1 < bytes.length && (bytes[at] ?? 0) > 0x20 && (bytes[at] ?? 0) < 0x7f) at += 2;
      if (at === start) at += 1;
      flush(left);
    } else {
      at += 1;
      flush(ASCII);
      if (delimiters.has(byte)) {
        left = ASCII;
        rightHalf = initialRight;
      }
    }
  }
  return text;
};

export interface TextDecoding {
  /** `name`: a value of VR PN, in which ^ and = end a designated set. */
  decode(bytes: Uint8Array, name?: boolean): string;
}

/** ISO_IR and ISO 2022 IR are often misspelt with other separators; the number is what counts. */
const registration = (term: string): string | undefined =>
  /^ISO[ _]?(?:2022)?[ _]?IR[ _](\d+)$/i.exec(term)?.[1];

/** `terms`: the values of Specific Character Set; none, or ones that are not known, mean ISO 8859-1. */
export const textDecoding = (terms: readonly string[]): TextDecoding => {
  const [first = '', ...further] = terms.map((term) => term.trim());
  const whole = WHOLE[first];
  if (whole !== undefined) return { decode: whole };
  const number = registration(first);
  const initial = (number === undefined ? undefined : RIGHT_HALVES[number]) ?? latin1;
  const extended = further.length > 0 || first.includes('2022');
  if (!extended) return { decode: initial };
  const initialRight =
    number === '149' ? right(KOREAN) : number === '58' ? right(CHINESE) : right(initial);
  return {
    decode: (bytes, name = false) =>
      decodeIso2022(bytes, initialRight, name ? NAME_DELIMITERS : DELIMITERS),
  };
};
