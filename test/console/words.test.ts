import { describe, expect, it } from 'vitest';
import { pauseMs } from '../../console/lib/polling.ts';
import {
  ago,
  between,
  count,
  dicomDate,
  dueIn,
  duration,
  personName,
} from '../../console/lib/words.ts';

const NOON = '2026-05-31T12:00:00.000Z';
const noon = Date.parse(NOON);

describe('lengths of time', () => {
  it.each([
    [-5, '0.00 s'],
    [340, '0.34 s'],
    [4_250, '4.3 s'],
    [12_400, '12 s'],
    [59_600, '1 min 0 s'],
    [185_000, '3 min 5 s'],
    [7_800_000, '2 h 10 min'],
    [356_400_000, '4 d 3 h'],
  ])('%i ms are %s', (milliseconds, text) => {
    expect(duration(milliseconds)).toBe(text);
  });

  it('run on to the present moment while the end is not there', () => {
    expect(between(NOON, null, noon + 12_000)).toBe('12 s');
    expect(between(NOON, '2026-05-31T12:00:01.500Z', noon + 12_000)).toBe('1.5 s');
    expect(between(null, null, noon)).toBeUndefined();
  });

  it('are told from now, in whole seconds', () => {
    expect(dueIn(NOON, noon - 3_400)).toBe('in 4 s');
    expect(dueIn(NOON, noon)).toBe('now');
    expect(ago(NOON, noon + 3_900)).toBe('3 s ago');
    expect(ago(NOON, noon - 50)).toBe('just now');
  });
});

describe('person names', () => {
  it.each([
    ['LOVELACE^ADA', 'LOVELACE, ADA'],
    ['NIGHTINGALE^FLORENCE^^DR', 'NIGHTINGALE, FLORENCE DR'],
    ['Yamada^Tarou=山田^太郎=やまだ^たろう', 'Yamada, Tarou'],
    ['=山田^太郎', '山田, 太郎'],
    ['^^^', ''],
    ['', ''],
  ])('%s reads as %s', (value, text) => {
    expect(personName(value)).toBe(text);
  });
});

describe('other values', () => {
  it('are shown as DICOM has them where they are not what they should be', () => {
    expect(dicomDate('20260531')).toBe('2026-05-31');
    expect(dicomDate('in May')).toBe('in May');
  });

  it('are counted with the word that fits', () => {
    expect(count(1, 'study', 'studies')).toBe('1 study');
    expect(count(1024, 'image', 'images')).toBe('1,024 images');
  });
});

describe('polling', () => {
  it('is as frequent as the page wants, and ever rarer while nothing answers', () => {
    const pauses = [0, 1, 2, 3, 10].map((failures) => pauseMs(3000, failures));

    expect(pauses).toEqual([3000, 6000, 12_000, 24_000, 60_000]);
  });
});
