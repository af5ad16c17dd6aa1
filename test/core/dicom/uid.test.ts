import { describe, expect, it } from 'vitest';
import { IMPLEMENTATION_CLASS_UID, isUidLike, isValidUid } from '../../../core/dicom/uid.ts';

describe('UID', () => {
  it.each([
    ['1.2.840.10008.1.2', true],
    ['0.0', true],
    ['2.25.123', true],
    [`1.${'2'.repeat(62)}`, true],
    [`1.${'2'.repeat(63)}`, false],
    ['1.02', false],
    ['1..2', false],
    ['.1.2', false],
    ['1.2.', false],
    ['12', false],
    ['', false],
    ['1.2/../3', false],
    ['1.2\n', false],
    ['1.2 ', false],
    ['1.2\0', false],
    ['../..', false],
  ])('%j is valid: %s (PS3.5 section 9.1)', (uid, valid) => {
    expect(isValidUid(uid)).toBe(valid);
  });

  it('takes digits and dots that break a finer rule, and nothing that a path could be made of', () => {
    expect(isUidLike('1.02.3')).toBe(true);
    expect(['..', '1..2', '1/2', '', '1.2\n'].map(isUidLike)).toEqual(Array(5).fill(false));
  });

  it('of the implementation is a valid one', () => {
    expect(isValidUid(IMPLEMENTATION_CLASS_UID)).toBe(true);
  });
});
