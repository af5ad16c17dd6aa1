/** What the decoder refuses: each fault with the field, what was expected and read, where, and the reason. */
import { describe, expect, it } from 'vitest';
import { PduDecoder } from '../../../core/upper-layer/pdu-decoder.ts';
import {
  ProtocolViolation,
  type ViolationFacts,
} from '../../../core/upper-layer/protocol-violation.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

const violationOf = (bytes: Buffer): ViolationFacts | undefined => {
  const decoder = new PduDecoder(1024);
  try {
    Array.from(decoder.push(bytes));
  } catch (error) {
    if (error instanceof ProtocolViolation) return error.facts;
    throw error;
  }
  return undefined;
};

const FIXED = `0001 0000 ${'20'.repeat(32)} ${'00'.repeat(32)}`;
const UNRECOGNIZED_PDU = 1;
const INVALID_VALUE = 6;

const associateRequest = (items: string): Buffer => {
  const body = hex(`${FIXED}${items}`);
  const header = hex('01 00 00000000');
  header.writeUInt32BE(body.length, 2);
  return Buffer.concat([header, body]);
};

const APPLICATION_CONTEXT = `10 00 0005 ${Buffer.from('1.2.3').toString('hex')}`;
const USER_INFORMATION = '50 00 0008 51 00 0004 00004000';
const CONTEXT = `20 00 0016 01 00 00 00 30 00 0005 ${Buffer.from('1.2.3').toString('hex')} 40 00 0005 ${Buffer.from('1.2.4').toString('hex')}`;

describe('the decoder refuses', () => {
  it.each([
    {
      what: 'a PDU type that is none',
      bytes: Buffer.from('GET / HTTP/1.1\r\n'),
      facts: { field: 'PDU-type', expected: '01H to 07H', read: '47H', offset: 0 },
      reason: UNRECOGNIZED_PDU,
    },
    {
      what: 'a P-DATA-TF beyond the maximum length that was told',
      bytes: hex('04 00 00000401'),
      facts: {
        field: 'P-DATA-TF, PDU-length',
        expected: 'at most 1024, the maximum length received',
        read: '1025',
        offset: 2,
      },
    },
    {
      what: 'an A-ASSOCIATE-RQ that no honest peer would send',
      bytes: hex('01 00 7fffffff'),
      facts: { field: 'PDU-length', expected: 'at most 1048576', read: '2147483647', offset: 2 },
    },
    {
      what: 'more items than any honest peer would send',
      bytes: associateRequest('99 00 0000'.repeat(513)),
      facts: {
        field: 'A-ASSOCIATE-RQ, items',
        expected: 'at most 512',
        read: 'more',
        offset: 74 + 512 * 4,
      },
    },
    {
      what: 'an A-ABORT of another length',
      bytes: hex('07 00 00000008'),
      facts: { field: 'PDU-length', expected: '4', read: '8', offset: 2 },
    },
    {
      what: 'a P-DATA-TF without a value',
      bytes: hex('04 00 00000000'),
      facts: {
        field: 'P-DATA-TF, presentation data value item',
        expected: '6 bytes',
        read: '0 bytes before the end',
        offset: 6,
      },
    },
    {
      what: 'a value that is longer than its PDU',
      bytes: hex('04 00 00000008 00000064 01 00'),
      facts: { field: 'P-DATA-TF, item length', expected: '2 to 4', read: '100', offset: 6 },
    },
    {
      what: 'a value too short for its own header',
      bytes: hex('04 00 00000008 00000001 01 00'),
      facts: { field: 'P-DATA-TF, item length', expected: '2 to 4', read: '1', offset: 6 },
    },
    {
      what: 'an even presentation context ID',
      bytes: associateRequest(
        APPLICATION_CONTEXT + CONTEXT.replace('0016 01', '0016 02') + USER_INFORMATION,
      ),
      facts: {
        field: 'proposed context item, presentation context ID',
        expected: 'an odd number',
        read: '2',
        offset: 87,
      },
    },
    {
      what: 'a presentation context ID that comes twice',
      bytes: associateRequest(APPLICATION_CONTEXT + CONTEXT + CONTEXT + USER_INFORMATION),
      facts: {
        field: 'proposed context item, presentation context ID',
        expected: 'one that is not taken',
        read: '1',
        offset: 113,
      },
    },
    {
      what: 'an item that is longer than its PDU',
      bytes: associateRequest('10 00 00ff 31'),
      facts: {
        field: 'A-ASSOCIATE-RQ, application context item',
        expected: '255 bytes',
        read: '1 bytes before the end',
        offset: 78,
      },
    },
    {
      what: 'an association without presentation contexts',
      bytes: associateRequest(APPLICATION_CONTEXT + USER_INFORMATION),
      facts: {
        field: 'A-ASSOCIATE-RQ, presentation context',
        expected: 'at least one item',
        read: 'none',
        offset: 95,
      },
    },
    {
      what: 'an association without user information',
      bytes: associateRequest(APPLICATION_CONTEXT + CONTEXT),
      facts: {
        field: 'A-ASSOCIATE-RQ, user information',
        expected: 'one item',
        read: 'none',
        offset: 109,
      },
    },
    {
      what: 'a name that is no UID',
      bytes: associateRequest(`10 00 0003 ${Buffer.from('../').toString('hex')}`),
      facts: {
        field: 'application context item, application context name',
        expected: 'a UID',
        read: '"../"',
        offset: 78,
      },
    },
  ])('$what', ({ bytes, facts, reason = INVALID_VALUE }) => {
    const violation = violationOf(bytes);

    expect(violation).toEqual({ ...facts, reason });
  });
});

describe('the decoder', () => {
  it('skips items and sub-items of unknown type', () => {
    const decoder = new PduDecoder(1024);
    const userInformation = '50 00 000e 51 00 0004 00004000 5f 00 0002 ffff';

    const [pdu] = decoder.push(
      associateRequest(`${APPLICATION_CONTEXT}99 00 0001 00${CONTEXT}${userInformation}`),
    );

    expect(pdu).toMatchObject({
      type: 'associate-request',
      contexts: [{ id: 1, abstractSyntax: '1.2.3', transferSyntaxes: ['1.2.4'] }],
      userInformation: { maximumLength: 16384 },
    });
  });

  it('hands out a value in pieces of the chunks that came, without collecting it', () => {
    const decoder = new PduDecoder(1024);
    const first = hex('04 00 0000000c 00000008 01 02 aabb');
    const second = hex('ccddeeff');

    const [start] = decoder.push(first);
    const [end] = decoder.push(second);

    expect(start).toMatchObject({ data: hex('aabb'), last: false });
    expect(end).toMatchObject({ data: hex('ccddeeff'), last: true });
    expect(end?.type === 'fragment' && end.data.buffer === second.buffer).toBe(true);
  });

  it('reports the end of a data set that has no bytes', () => {
    const decoder = new PduDecoder(1024);

    const decoded = [...decoder.push(hex('04 00 00000006 00000002 01 02'))];

    expect(decoded).toEqual([
      { type: 'fragment', contextId: 1, command: false, last: true, data: Buffer.alloc(0) },
    ]);
  });
});
