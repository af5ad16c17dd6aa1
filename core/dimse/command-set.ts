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

const decodeValue = (value: Buffer, vr: Vr, offset: number): number | string | undefined => {
  if (vr === 'UI' || vr === 'AE' || vr === 'LO') {
    return value.toString('latin1').replace(/[\0 ]+$/, '');
  }
  if (value.length === 0) return undefined;
  const width = vr === 'US' ? 2 : 4;
  if (value.length < width) throw new CommandSetFault(`a value of VR ${vr} is too short`, offset);
  if (vr === 'US') return value.readUInt16LE();
  if (vr === 'UL') return value.readUInt32LE();
  return value.readUInt16LE(0) * 0x10000 + value.readUInt16LE(2);
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
      const value = decodeValue(bytes.subarray(start, start + length), vr, offset);
      if (value !== undefined) command[keyword] = value;
    }
    offset = start + length;
  }
  // Each value was read by the VR of its keyword, which is what the mapped type says.
  return command as CommandSet;
};

/** Values have an even length (PS3.5 section 6.2). */
const encodedLength = (value: number | string, vr: Vr): number =>
  typeof value === 'string' ? value.length + (value.length % 2) : vr === 'US' ? 2 : 4;

/** Into `bytes` that are zeros; returns where the element ends. */
const writeElement = (
  bytes: Buffer,
  offset: number,
  element: number,
  vr: Vr,
  value: number | string,
): number => {
  const length = encodedLength(value, vr);
  const start = offset + ELEMENT_HEADER_LENGTH;
  bytes.writeUInt16LE(element, offset + 2);
  bytes.writeUInt32LE(length, offset + 4);
  if (typeof value === 'string') {
    const padding = value.length === length || vr === 'UI' ? '' : ' ';
    bytes.write(value + padding, start, 'latin1');
  } else if (vr === 'US') bytes.writeUInt16LE(value, start);
  else if (vr === 'UL') bytes.writeUInt32LE(value, start);
  else {
    bytes.writeUInt16LE(Math.floor(value / 0x10000), start);
    bytes.writeUInt16LE(value % 0x10000, start + 2);
  }
  return start + length;
};

/** Of Command Group Length (0000,0000) itself, which counts what follows it. */
const GROUP_LENGTH_BYTES = ELEMENT_HEADER_LENGTH + 4;

/** With Command Group Length before, elements in ascending order. */
export const encodeCommandSet = (command: CommandSet): Buffer => {
  let length = 0;
  for (const [keyword, vr] of KEYWORDS.values()) {
    const value = command[keyword];
    if (value !== undefined) length += ELEMENT_HEADER_LENGTH + encodedLength(value, vr);
  }
  const bytes = Buffer.alloc(GROUP_LENGTH_BYTES + length);
  let offset = writeElement(bytes, 0, 0x0000, 'UL', length);
  for (const [element, [keyword, vr]] of KEYWORDS) {
    const value = command[keyword];
    if (value !== undefined) offset = writeElement(bytes, offset, element, vr, value);
  }
  return bytes;
};
