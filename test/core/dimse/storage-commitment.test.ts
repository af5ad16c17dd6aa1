/** The data sets of Storage Commitment: round trips, golden bytes, and what is no request. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataSetFault } from '../../../core/dimse/data-set.ts';
import {
  decodeCommitmentRequest,
  decodeCommitmentResult,
  encodeCommitmentRequest,
  encodeCommitmentResult,
  FAILURE_REASON,
} from '../../../core/dimse/storage-commitment.ts';

const uid = fc
  .array(fc.nat({ max: 999_999 }), { minLength: 2, maxLength: 8 })
  .map((components) => components.join('.'));
const reference = fc.record({ sopClassUid: uid, sopInstanceUid: uid });
const encoding = fc.constantFrom('implicit' as const, 'explicit' as const);

const thrownBy = (action: () => unknown): unknown => {
  try {
    action();
    return undefined;
  } catch (error) {
    return error;
  }
};

describe('a request to commit', () => {
  it('is read as it was written, in both encodings', () => {
    fc.assert(
      fc.property(
        fc.record({ transactionUid: uid, references: fc.array(reference, { minLength: 1 }) }),
        encoding,
        (request, how) => {
          const bytes = encodeCommitmentRequest(request, how);
          expect(decodeCommitmentRequest(bytes, how)).toEqual(request);
        },
      ),
    );
  });

  it('may have sequences and items of undefined length', () => {
    const bytes = Buffer.from(
      '08009511' +
        '04000000' +
        Buffer.from('1.2\0').toString('hex') +
        ('08009911' + 'ffffffff') +
        ('feff00e0' + 'ffffffff') +
        ('08005011' + '04000000' + Buffer.from('1.3\0').toString('hex')) +
        ('08005511' + '04000000' + Buffer.from('1.4\0').toString('hex')) +
        ('feff0de0' + '00000000') +
        ('feffdde0' + '00000000'),
      'hex',
    );

    expect(decodeCommitmentRequest(bytes, 'implicit')).toEqual({
      transactionUid: '1.2',
      references: [{ sopClassUid: '1.3', sopInstanceUid: '1.4' }],
    });
  });

  it.each([
    { what: 'no reference', request: { transactionUid: '1.2', references: [] } },
    {
      what: 'an instance UID with a path in it',
      request: {
        transactionUid: '1.2',
        references: [{ sopClassUid: '1.3', sopInstanceUid: '../1' }],
      },
    },
    {
      what: 'a transaction UID that is none',
      request: {
        transactionUid: 'x',
        references: [{ sopClassUid: '1.3', sopInstanceUid: '1.4' }],
      },
    },
  ])('with $what is a fault', ({ request }) => {
    const bytes = encodeCommitmentRequest(request, 'explicit');

    expect(() => decodeCommitmentRequest(bytes, 'explicit')).toThrow(DataSetFault);
  });

  it('that is cut off or scrambled is a fault or another request, never a crash', () => {
    const good = encodeCommitmentRequest(
      { transactionUid: '1.2', references: [{ sopClassUid: '1.3', sopInstanceUid: '1.4' }] },
      'explicit',
    );
    fc.assert(
      fc.property(
        fc.nat({ max: good.length }),
        fc.nat({ max: good.length - 1 }),
        fc.nat({ max: 255 }),
        encoding,
        (length, at, value, how) => {
          const bytes = Buffer.from(good);
          bytes[at] = value;
          const fault = thrownBy(() => decodeCommitmentRequest(bytes.subarray(0, length), how));

          expect(fault === undefined || fault instanceof DataSetFault).toBe(true);
        },
      ),
    );
  });
});

describe('a report', () => {
  it('is read as it was written, in both encodings', () => {
    const failed = fc
      .tuple(reference, fc.constantFrom(...Object.values(FAILURE_REASON)))
      .map(([failure, reason]) => ({ ...failure, reason }));
    fc.assert(
      fc.property(
        fc.record({
          transactionUid: uid,
          committed: fc.array(reference),
          failed: fc.array(failed),
        }),
        encoding,
        (result, how) => {
          expect(decodeCommitmentResult(encodeCommitmentResult(result, how), how)).toEqual(result);
        },
      ),
    );
  });

  it('has the failed instance with its reason where PS3.4 table J.3-2 has them', () => {
    const bytes = encodeCommitmentResult(
      {
        transactionUid: '1.2',
        committed: [],
        failed: [{ sopClassUid: '1.3', sopInstanceUid: '1.4', reason: 0x0112 }],
      },
      'explicit',
    );

    expect(bytes.toString('hex')).toBe(
      '08009511' +
        '5549' +
        '0400' +
        '312e3200' +
        ('08009811' + '5351' + '0000' + '2a000000') +
        ('feff00e0' + '22000000') +
        ('08005011' + '5549' + '0400' + '312e3300') +
        ('08005511' + '5549' + '0400' + '312e3400') +
        ('08009711' + '5553' + '0200' + '1201'),
    );
  });
});
