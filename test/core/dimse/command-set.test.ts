/** Command sets as bytes of PS3.7 section 6.3.1, there and back. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CommandSetFault,
  decodeCommandSet,
  encodeCommandSet,
  type CommandSet,
} from '../../../core/dimse/command-set.ts';
import { echoRequest, response, storeRequest } from '../../../core/dimse/messages.ts';

const hex = (...fields: readonly string[]): Buffer =>
  Buffer.from(fields.join('').replaceAll(' ', ''), 'hex');

const ECHO = hex(
  '0000 0000 04000000 38000000', // (0000,0000) group length 56
  '0000 0200 12000000', // (0000,0002) Affected SOP Class UID, padded with NUL
  Buffer.from('1.2.840.10008.1.1\0').toString('hex'),
  '0000 0001 02000000 3000', // (0000,0100) Command Field C-ECHO-RQ
  '0000 1001 02000000 0100', // (0000,0110) Message ID 1
  '0000 0008 02000000 0101', // (0000,0800) Command Data Set Type: none
);

const faultOf = (action: () => unknown): unknown => {
  try {
    action();
    return undefined;
  } catch (error) {
    return error;
  }
};

describe('a command set', () => {
  it('is encoded to the bytes of the standard', () => {
    const encoded = encodeCommandSet(echoRequest(1, '1.2.840.10008.1.1'));

    expect(encoded.toString('hex')).toBe(ECHO.toString('hex'));
  });

  it('is decoded from the bytes of the standard', () => {
    expect(decodeCommandSet(ECHO)).toEqual({
      AffectedSOPClassUID: '1.2.840.10008.1.1',
      CommandField: 0x0030,
      MessageID: 1,
      CommandDataSetType: 0x0101,
    });
  });

  it('is read without the elements that nobody here uses', () => {
    const retired = hex('0000 0100 04000000 00000000', '0000 1001 02000000 0500');

    expect(decodeCommandSet(retired)).toEqual({ MessageID: 5 });
  });

  it.each([
    { what: 'an element of another group', bytes: hex('0800 0500 00000000') },
    { what: 'a value beyond its end', bytes: hex('0000 0001 08000000 3000') },
    { what: 'an element header that is cut off', bytes: hex('0000 0001 0200') },
    { what: 'a number that is too short', bytes: hex('0000 0001 01000000 30') },
  ])('with $what is refused', ({ bytes }) => {
    expect(() => decodeCommandSet(bytes)).toThrow(CommandSetFault);
  });

  it('comes back as it was, whatever its values', () => {
    const number = fc.nat({ max: 0xffff });
    const uid = fc.stringMatching(/^[1-9][0-9]{0,9}(\.[1-9][0-9]{0,9}){1,4}$/);
    const command: fc.Arbitrary<CommandSet> = fc.record(
      {
        AffectedSOPClassUID: uid,
        CommandField: number,
        MessageID: number,
        MessageIDBeingRespondedTo: number,
        Priority: number,
        CommandDataSetType: number,
        Status: number,
        OffendingElement: fc.nat({ max: 0xffffffff }),
        ErrorComment: fc.stringMatching(/^[A-Za-z][A-Za-z ]{0,60}[A-Za-z]$/),
        AffectedSOPInstanceUID: uid,
      },
      { requiredKeys: [] },
    );

    fc.assert(
      fc.property(command, (original) => {
        expect(decodeCommandSet(encodeCommandSet(original))).toEqual(original);
      }),
    );
  });

  it('or nothing but a CommandSetFault comes of any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const fault = faultOf(() => decodeCommandSet(Buffer.from(bytes)));

        expect(fault === undefined || fault instanceof CommandSetFault).toBe(true);
      }),
    );
  });
});

describe('a response', () => {
  it('names what the request named, and cuts its comment to what VR LO takes', () => {
    const request = storeRequest(9, '1.2.3', '1.2.3.4');

    const answer = response(request, 0xa700, `no\\room\u00e9${'x'.repeat(80)}`);

    expect(answer).toEqual({
      AffectedSOPClassUID: '1.2.3',
      AffectedSOPInstanceUID: '1.2.3.4',
      CommandField: 0x8001,
      MessageIDBeingRespondedTo: 9,
      CommandDataSetType: 0x0101,
      Status: 0xa700,
      ErrorComment: `no?room?${'x'.repeat(56)}`,
    });
  });
});
