/**
 * Command sets (PS3.7 section 6.3 and annex E): elements of group 0000 in implicit VR little endian, whatever
 * the presentation context's transfer syntax is. Elements that no service here uses are skipped when read.
 */

type Vr = 'UI' | 'US' | 'UL' | 'AE' | 'LO' | 'AT';

/** PS3.7 table E.1-1, by keyword: element number and value representation. */
const ELEMENTS = {
  AffectedSOPClassUID: [0x0002, 'UI'],
  RequestedSOPClassUID: [0x0003, 'UI'],
  CommandField: [0x0100, 'US'],
  MessageID: [0x0110, 'US'],
  MessageIDBeingRespondedTo: [0x0120, 'US'],
  MoveDestination: [0x0600, 'AE'],
  Priority: [0x0700, 'US'],
  CommandDataSetType: [0x0800, 'US'],
  Status: [0x0900, 'US'],
  OffendingElement: [0x0901, 'AT'],
  ErrorComment: [0x0902, 'LO'],
  ErrorID: [0x0903, 'US'],
  AffectedSOPInstanceUID: [0x1000, 'UI'],
  RequestedSOPInstanceUID: [0x1001, 'UI'],
  EventTypeID: [0x1002, 'US'],
  AttributeIdentifierList: [0x1005, 'AT'],
  ActionTypeID: [0x1008, 'US'],
  MoveOriginatorApplicationEntityTitle: [0x1030, 'AE'],
  MoveOriginatorMessageID: [0x1031, 'US'],
} as const satisfies Readonly<Record<string, readonly [number, Vr]>>;

type Keyword = keyof typeof ELEMENTS;
type NumberVr = 'US' | 'UL' | 'AT';

/** Values by keyword. An AT with several values keeps its first. */
export type CommandSet = {
  readonly [K in Keyword]?: (typeof ELEMENTS)[K][1] extends NumberVr ? number : string;
};

/** By element number, in its order. */
const KEYWORDS = new Map<number, readonly [Keyword, Vr]>(
  (Object.keys(ELEMENTS) as Keyword[]).map((keyword) => {
    const [element, vr] = ELEMENTS[keyword];
    return [element, [keyword, vr]];
  }),
);

const ELEMENT_HEADER_LENGTH = 8;

/** A command set that does not follow PS3.7 section 6.3.1. */
export class CommandSetFault extends Error {
  override readonly name = 'CommandSetFault';
  readonly offset: number;

  constructor(problem: string, offset: number) {
    super(`command set at byte ${offset}: ${problem}`);
    this.offset = offset;
  }
}

/** Without its padding, which is at the end. */
const decodeText = (bytes: Buffer, start: number, end: number): string => {
  let last = end;
  while (last > start && (bytes[last - 1] === 0x00 || bytes[last - 1] === 0x20)) last -= 1;
  return bytes.toString('latin1', start, last);
};

const decodeValue = (
  bytes: Buffer,
  vr: Vr,
  start: number,
  end: number,
): number | string | undefined => {
  if (vr === 'UI' || vr === 'AE' || vr === 'LO') return decodeText(bytes, start, end);
  if (start === end) return undefined;
  if (end - start < (vr === 'US' ? 2 : 4)) {
    throw new CommandSetFault(`a value of VR ${vr} is too short`, start - ELEMENT_HEADER_LENGTH);
  }
  if (vr === 'US') return bytes.readUInt16LE(start);
  if (vr === 'UL') return bytes.readUInt32LE(start);
  return bytes.readUInt16LE(start) * 0x10000 + bytes.readUInt16LE(start + 2);
};

/** Throws CommandSetFault. */
export const decodeCommandSet = (bytes: Buffer): CommandSet => {
  const command: Partial<Record<Keyword, number | string>> = {};
  let offset = 0;
  while (offset < bytes.length) {
    if (bytes.length - offset < ELEMENT_HEADER_LENGTH) {
      throw new CommandSetFault('an element ends before its value', offset);
    }
    const group = bytes.readUInt16LE(offset);
    const element = bytes.readUInt16LE(offset + 2);
    const length = bytes.readUInt32LE(offset + 4);
    if (group !== 0) throw new CommandSetFault('an element is not of group 0000', offset);
    const start = offset + ELEMENT_HEADER_LENGTH;
    if (length > bytes.length - start) {
      throw new CommandSetFault('a value is longer than the command set', offset);
    }
    const known = KEYWORDS.get(element);
    if (known !== undefined) {
      const [keyword, vr] = known;
      const value = decodeValue(bytes, vr, start, start + length);
      if (value !== undefined) command[keyword] = value;
    }
    offset = start + length;
  }
  // Each value was read by the VR of its keyword, which is what the mapped type says.
  return command as CommandSet;
};

/** As characters of one byte each: one string becomes a buffer sooner than each of its fields is put into one. */
const u16 = (value: number): string => String.fromCharCode(value & 0xff, (value >>> 8) & 0xff);
const u32 = (value: number): string => u16(value) + u16(value >>> 16);

const encodedValue = (value: number | string, vr: Vr): string => {
  if (typeof value !== 'string') {
    if (vr === 'US') return u16(value);
    return vr === 'UL' ? u32(value) : u16(value >>> 16) + u16(value);
  }
  // Values have an even length (PS3.5 section 6.2).
  return value.length % 2 === 0 ? value : value + (vr === 'UI' ? '\0' : ' ');
};

const encodedElement = (element: number, vr: Vr, value: number | string): string => {
  const encoded = encodedValue(value, vr);
  return u16(0) + u16(element) + u32(encoded.length) + encoded;
};

/** With Command Group Length before, elements in ascending order. */
export const encodeCommandSet = (command: CommandSet): Buffer => {
  let elements = '';
  for (const [element, [keyword, vr]] of KEYWORDS) {
    const value = command[keyword];
    if (value !== undefined) elements += encodedElement(element, vr, value);
  }
  return Buffer.from(encodedElement(0x0000, 'UL', elements.length) + elements, 'latin1');
};
