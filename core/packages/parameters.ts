/**
 * Changing a job's `params` at a site: `service set NAME -k a.b -v V -t TYPE`. The key's dots make nested
 * objects; the type says how the text of the command line is to be read.
 */

export const VALUE_TYPES = ['str', 'int', 'float', 'bool', 'json', 'date'] as const;
export type ValueType = (typeof VALUE_TYPES)[number];

export type TypedValue =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problem: string };

const TRUE = new Set(['true', 'yes', 'on', '1']);
const FALSE = new Set(['false', 'no', 'off', '0']);

const given = (value: unknown): TypedValue => ({ ok: true, value });

/**
 * Reads a text as a value of the type. A date becomes `{"$date": …}` with an ISO 8601 text, as MongoDB writes it in
 * JSON: callbacks get it as a datetime.
 */
export const readTypedValue = (text: string, type: ValueType): TypedValue => {
  const trimmed = text.trim();
  const refused = (expected: string): TypedValue => ({
    ok: false,
    problem: `"${text}" is not ${expected}`,
  });
  switch (type) {
    case 'str':
      return given(text);
    case 'int':
      return /^[+-]?\d+$/.test(trimmed) && Number.isSafeInteger(Number(trimmed))
        ? given(Number(trimmed))
        : refused('a whole number');
    case 'float':
      return trimmed !== '' && Number.isFinite(Number(trimmed))
        ? given(Number(trimmed))
        : refused('a number');
    case 'bool':
      if (TRUE.has(trimmed.toLowerCase())) return given(true);
      if (FALSE.has(trimmed.toLowerCase())) return given(false);
      return refused('true or false');
    case 'json':
      try {
        return given(JSON.parse(text) as unknown);
      } catch (error) {
        return refused(`JSON (${error instanceof Error ? error.message : 'unreadable'})`);
      }
    case 'date': {
      const time = Date.parse(trimmed);
      return Number.isNaN(time)
        ? refused('a date such as 2026-05-31 or 2026-05-31T14:00:00Z')
        : given({ $date: new Date(time).toISOString() });
    }
  }
};

type Parameters = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Parameters =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** True for a dotted key whose every part names something. */
export const isParameterKey = (key: string): boolean =>
  key.split('.').every((part) => part !== '' && part !== '__proto__');

/** A copy of `params` with the value at the dotted key; what stood in the way and is no object is replaced. */
export const withParameter = (params: Parameters, key: string, value: unknown): Parameters => {
  const [first = '', ...rest] = key.split('.');
  if (rest.length === 0) return { ...params, [first]: value };
  const inner = Object.hasOwn(params, first) ? params[first] : undefined;
  return {
    ...params,
    [first]: withParameter(isObject(inner) ? inner : {}, rest.join('.'), value),
  };
};
