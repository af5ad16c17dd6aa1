/** Durations, typed values, dotted keys, version comparisons and near words. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTimeout } from '../../../core/packages/durations.ts';
import { nearest } from '../../../core/packages/nearest.ts';
import {
  isParameterKey,
  readTypedValue,
  withParameter,
  type ValueType,
} from '../../../core/packages/parameters.ts';
import { meets, parseRequirement, unmet } from '../../../core/packages/requirements.ts';

describe('parseTimeout', () => {
  it.each([
    [null, 3600],
    [undefined, 3600],
    ['', 3600],
    ['30m', 1800],
    ['1h', 3600],
    ['1h30m', 5400],
    ['1.5h', 5400],
    ['90', 90],
    ['45 s', 45],
    [90, 90],
    [0.2, 1],
    ['11h', 39_600],
  ])('reads %j as %d seconds', (value, seconds) => {
    expect(parseTimeout(value)).toEqual({ ok: true, seconds });
  });

  it.each([
    ['1w2d'],
    ['12h'],
    [39_601],
    [0],
    [-5],
    ['soon'],
    ['h'],
    ['1h foo'],
    [true],
    [{}],
    [NaN],
  ])('refuses %j', (value) => {
    expect(parseTimeout(value).ok).toBe(false);
  });
});

describe('readTypedValue', () => {
  it.each<[string, ValueType, unknown]>([
    [' a ', 'str', ' a '],
    ['-12', 'int', -12],
    ['1e3', 'float', 1000],
    ['Yes', 'bool', true],
    ['off', 'bool', false],
    ['{"a":[1]}', 'json', { a: [1] }],
    ['2026-05-31', 'date', { $date: '2026-05-31T00:00:00.000Z' }],
  ])('reads %j as %s', (text, type, value) => {
    expect(readTypedValue(text, type)).toEqual({ ok: true, value });
  });

  it.each<[string, ValueType]>([
    ['1.5', 'int'],
    ['', 'int'],
    ['', 'float'],
    ['maybe', 'bool'],
    ['{', 'json'],
    ['tomorrow', 'date'],
  ])('refuses %j as %s', (text, type) => {
    expect(readTypedValue(text, type).ok).toBe(false);
  });
});

describe('withParameter', () => {
  it('makes nested objects and leaves everything else as it is', () => {
    const params = { model: { name: 'x', size: 1 }, keep: [1] };

    expect(withParameter(params, 'model.size', 2)).toEqual({
      model: { name: 'x', size: 2 },
      keep: [1],
    });
    expect(withParameter({ a: 1 }, 'a.b.c', true)).toEqual({ a: { b: { c: true } } });
    expect(params.model.size).toBe(1);
  });

  it('puts any value at any key, to be read there again', () => {
    const part = fc
      .string({ minLength: 1 })
      .filter((text) => isParameterKey(text) && !text.includes('.'));
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 1, maxLength: 4 }),
        fc.jsonValue(),
        (parts, value) => {
          const result = withParameter({}, parts.join('.'), value);

          let found: unknown = result;
          for (const name of parts) found = (found as Record<string, unknown>)[name];
          expect(found).toEqual(value);
        },
      ),
    );
  });

  it.each(['', '.', 'a.', 'a..b', '__proto__.x'])('does not take the key %j', (key) => {
    expect(isParameterKey(key)).toBe(false);
  });
});

describe('requirements', () => {
  it.each([
    ['lung', { name: 'lung' }],
    ['lung==1.0', { name: 'lung', operator: '==', version: '1.0' }],
    ['lung >= 1.2.3', { name: 'lung', operator: '>=', version: '1.2.3' }],
    ['lung~=1.2', { name: 'lung', operator: '~=', version: '1.2' }],
    ['>=1', undefined],
    ['lung>=', undefined],
  ])('reads %j', (text, expected) => {
    expect(parseRequirement(text)).toEqual(expected);
  });

  it.each([
    ['1.10.0', 'x>=1.9', true],
    ['1.0.0', 'x==1', true],
    ['1.0.0', 'x===1', false],
    ['1.0.0-rc.1', 'x>=1.0.0', false],
    ['1.4.9', 'x~=1.4.2', true],
    ['1.5.0', 'x~=1.4.2', false],
    ['2.0.0', 'x!=2', false],
    ['0.9', 'x<1', true],
    ['1.0', 'x>1', false],
  ])('version %s meets %s: %s', (installed, text, expected) => {
    const requirement = parseRequirement(text);

    expect(requirement && meets(installed, requirement)).toBe(expected);
  });

  it('tells what is not installed, and what is in another version', () => {
    const installed = new Map([
      ['a', '1.0.0'],
      ['b', '1.0.0'],
    ]);

    expect(unmet('service', ['a>=1', 'b>=2', 'c'], installed)).toEqual([
      'needs the service "b>=2", but version 1.0.0 is installed',
      expect.stringContaining('needs the service "c", which is not installed'),
    ]);
  });
});

describe('nearest', () => {
  it.each([
    ['timout', 'timeout'],
    ['groupby', 'groupBy'],
    ['Prio', 'priority'],
  ])('takes %s for %s', (word, expected) => {
    expect(nearest(word, ['groupBy', 'timeout', 'priority'])).toBe(expected);
  });
});
