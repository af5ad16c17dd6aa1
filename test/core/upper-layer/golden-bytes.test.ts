/** Each PDU of PS3.8 section 9.3 as bytes, field by field: encoded to them, and decoded from them. */
import { describe, expect, it } from 'vitest';
import { encodePdu } from '../../../core/upper-layer/pdu-codec.ts';
import { PduDecoder, type Incoming } from '../../../core/upper-layer/pdu-decoder.ts';
import type { Pdu } from '../../../core/upper-layer/pdu.ts';

const hex = (...fields: readonly string[]): Buffer =>
  Buffer.from(fields.join('').replaceAll(' ', ''), 'hex');
const text = (value: string): string => Buffer.from(value, 'latin1').toString('hex');

const decode = (bytes: Buffer): Incoming[] => [...new PduDecoder(16384).push(bytes)];

const APPLICATION_CONTEXT = [
  '10 00 0015', // application context item, 21 bytes
  text('1.2.840.10008.3.1.1.1'),
];

const cases: { name: string; pdu: Pdu; bytes: Buffer }[] = [
  {
    name: 'A-ASSOCIATE-RQ with every user information item',
    pdu: {
      type: 'associate-request',
      protocolVersion: 1,
      calledAeTitle: 'GANTRY',
      callingAeTitle: 'CT7',
      applicationContext: '1.2.840.10008.3.1.1.1',
      contexts: [
        {
          id: 1,
          abstractSyntax: '1.2.840.10008.1.1',
          transferSyntaxes: ['1.2.840.10008.1.2', '1.2.840.10008.1.2.1'],
        },
      ],
      userInformation: {
        maximumLength: 16384,
        implementationClassUid: '1.2.3',
        implementationVersionName: 'TEST',
        asynchronousOperations: { invoked: 3, performed: 0 },
        roles: [{ sopClassUid: '1.2.9', scu: true, scp: false }],
        extended: [{ sopClassUid: '1.2.9', information: hex('0102') }],
        commonExtended: [
          {
            sopClassUid: '1.2.9',
            serviceClassUid: '1.2.8',
            relatedGeneralSopClassUids: ['1.2.7'],
          },
        ],
        identity: {
          type: 2,
          positiveResponseRequested: true,
          primary: Buffer.from('ada'),
          secondary: Buffer.from('pw'),
        },
      },
    },
    bytes: hex(
      '01 00 0000010f', // PDU type, reserved, length 271
      '0001 0000', // protocol version, reserved
      text('GANTRY          '), // called AE title
      text('CT7             '), // calling AE title
      '00'.repeat(32), // reserved
      ...APPLICATION_CONTEXT,
      '20 00 0045', // presentation context item, 69 bytes
      '01 00 00 00', // id, reserved
      '30 00 0011', // abstract syntax sub-item
      text('1.2.840.10008.1.1'),
      '40 00 0011', // transfer syntax sub-item
      text('1.2.840.10008.1.2'),
      '40 00 0013', // transfer syntax sub-item
      text('1.2.840.10008.1.2.1'),
      '50 00 0065', // user information item, 101 bytes
      '51 00 0004 00004000', // maximum length 16384
      '52 00 0005', // implementation class UID
      text('1.2.3'),
      '53 00 0004 0003 0000', // asynchronous operations window: 3 invoked, any performed
      '54 00 0009 0005', // role selection, UID length
      text('1.2.9'),
      '01 00', // SCU yes, SCP no
      '55 00 0004', // implementation version name
      text('TEST'),
      '56 00 0009 0005', // SOP class extended negotiation, UID length
      text('1.2.9'),
      '01 02', // service-class application information
      '57 00 0017 0005', // common extended negotiation, UID length
      text('1.2.9'),
      '0005', // service class UID length
      text('1.2.8'),
      '0007 0005', // related general SOP classes: length of all, of the first
      text('1.2.7'),
      '58 00 000b 02 01', // user identity: user name and passcode, positive response requested
      '0003', // primary field
      text('ada'),
      '0002', // secondary field
      text('pw'),
    ),
  },
  {
    name: 'A-ASSOCIATE-AC with a user identity response',
    pdu: {
      type: 'associate-accept',
      protocolVersion: 1,
      calledAeTitle: 'GANTRY',
      callingAeTitle: 'CT7',
      applicationContext: '1.2.840.10008.3.1.1.1',
      contexts: [
        { id: 1, result: 0, transferSyntax: '1.2.840.10008.1.2' },
        { id: 3, result: 3, transferSyntax: '1.2.840.10008.1.2' },
      ],
      userInformation: {
        maximumLength: 0,
        implementationClassUid: '1.2.3',
        roles: [],
        extended: [],
        commonExtended: [],
        identityResponse: Buffer.from('ok'),
      },
    },
    bytes: hex(
      '02 00 000000b4', // PDU type, reserved, length 180
      '0001 0000', // protocol version, reserved
      text('GANTRY          '), // returned as sent, not to be tested
      text('CT7             '),
      '00'.repeat(32), // reserved
      ...APPLICATION_CONTEXT,
      '21 00 0019', // presentation context item, 25 bytes
      '01 00 00 00', // id, reserved, acceptance, reserved
      '40 00 0011',
      text('1.2.840.10008.1.2'),
      '21 00 0019',
      '03 00 03 00', // id, reserved, abstract syntax not supported, reserved
      '40 00 0011',
      text('1.2.840.10008.1.2'),
      '50 00 0019', // user information item, 25 bytes
      '51 00 0004 00000000', // maximum length: any
      '52 00 0005',
      text('1.2.3'),
      '59 00 0004 0002', // user identity response, length
      text('ok'),
    ),
  },
  {
    name: 'A-ASSOCIATE-RJ',
    pdu: { type: 'associate-reject', result: 1, source: 1, reason: 7 },
    // type, reserved, length 4, reserved, permanent, service-user, called AE title not recognized
    bytes: hex('03 00 00000004 00 01 01 07'),
  },
  {
    name: 'A-RELEASE-RQ',
    pdu: { type: 'release-request' },
    bytes: hex('05 00 00000004 00000000'),
  },
  {
    name: 'A-RELEASE-RP',
    pdu: { type: 'release-response' },
    bytes: hex('06 00 00000004 00000000'),
  },
  {
    name: 'A-ABORT',
    pdu: { type: 'abort', source: 2, reason: 6 },
    // type, reserved, length 4, reserved, reserved, service-provider, invalid PDU parameter value
    bytes: hex('07 00 00000004 00 00 02 06'),
  },
];

describe('a PDU', () => {
  it.each(cases)('is encoded to the bytes of the standard: $name', ({ pdu, bytes }) => {
    const encoded = encodePdu(pdu);

    expect(encoded.toString('hex')).toBe(bytes.toString('hex'));
  });

  it.each(cases)('is decoded from the bytes of the standard: $name', ({ pdu, bytes }) => {
    const decoded = decode(bytes);

    expect(decoded).toEqual([pdu]);
  });

  it('is encoded to the bytes of the standard: P-DATA-TF with two values', () => {
    const encoded = encodePdu({
      type: 'data-transfer',
      values: [
        { contextId: 5, command: true, last: true, data: hex('aabb') },
        { contextId: 5, command: false, last: false, data: hex('ccdd') },
      ],
    });

    expect(encoded).toEqual(
      hex(
        '04 00 00000010', // PDU type, reserved, length 16
        '00000004 05 03', // item length, context id, control header: command, last
        'aabb',
        '00000004 05 00', // item length, context id, control header: data set, more follows
        'ccdd',
      ),
    );
  });

  it('hands out the values of a P-DATA-TF one by one', () => {
    const decoded = decode(hex('04 00 00000010', '00000004 05 03 aabb', '00000004 05 00 ccdd'));

    expect(decoded).toEqual([
      { type: 'fragment', contextId: 5, command: true, last: true, data: hex('aabb') },
      { type: 'fragment', contextId: 5, command: false, last: false, data: hex('ccdd') },
    ]);
  });
});
