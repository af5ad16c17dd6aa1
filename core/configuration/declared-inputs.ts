/** Declared inputs as a person writes them: each with a name, a rule about one instance, and a count. */
import type { ProblemDetail } from '../contracts/api-problem.ts';
import type { DeclaredInput } from '../contracts/configuration.ts';
import { COUNTED_THINGS } from '../contracts/vocabulary.ts';
import { attributeOfKeyword } from '../dicom/dictionary.ts';
import { nearest } from '../packages/nearest.ts';
import { readRule } from '../rules/rule.ts';

const FIELDS = ['name', 'match', 'count', 'countOf'] as const;
const MAX_INPUTS = 20;
const NUMBER_VRS = new Set('DS FD FL IS SL SS UL US'.split(' '));

export type InputsReading =
  | { readonly ok: true; readonly inputs: DeclaredInput[] }
  | { readonly ok: false; readonly problems: readonly ProblemDetail[] };

const countProblem = (count: unknown): string | undefined => {
  if (typeof count === 'number') {
    return Number.isInteger(count) && count >= 1 ? undefined : 'must be a whole number from 1 on';
  }
  if (typeof count !== 'string') return 'must be a number or the keyword of an attribute';
  const attribute = attributeOfKeyword(count);
  if (attribute === undefined) return `"${count}" is no DICOM keyword`;
  return NUMBER_VRS.has(attribute.vr) ? undefined : `${count} (${attribute.vr}) is no number`;
};

const readInput = (value: unknown, path: string, problems: ProblemDetail[]): DeclaredInput[] => {
  const tell = (field: string, message: string): void => {
    problems.push({ path: `${path}.${field}`, message });
  };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    problems.push({ path, message: 'must be an object with name, match and count' });
    return [];
  }
  const before = problems.length;
  const fields = value as Readonly<Record<string, unknown>>;
  for (const field of Object.keys(fields)) {
    if (FIELDS.some((known) => known === field)) continue;
    tell(field, `is no field of an input; did you mean "${nearest(field, FIELDS) ?? ''}"?`);
  }
  const { name, match, count, countOf = 'instances' } = fields;
  if (typeof name !== 'string' || name.trim() === '') tell('name', 'must be a text');
  if (typeof match !== 'string') tell('match', 'must be a rule about one instance');
  else {
    const reading = readRule(match, 'instance');
    if (!reading.ok) for (const problem of reading.problems) tell('match', problem);
  }
  const wrongCount = countProblem(count);
  if (wrongCount !== undefined) tell('count', wrongCount);
  const counted = COUNTED_THINGS.find((thing) => thing === countOf);
  if (counted === undefined) tell('countOf', `must be one of ${COUNTED_THINGS.join(', ')}`);
  return problems.length > before
    ? []
    : [{ name, match, count, countOf: counted } as DeclaredInput];
};

/** `value` is what a request says; an empty list takes them all away. */
export const readDeclaredInputs = (value: unknown): InputsReading => {
  if (!Array.isArray(value)) {
    return { ok: false, problems: [{ path: 'complete', message: 'must be a list of inputs' }] };
  }
  const problems: ProblemDetail[] = [];
  const inputs = value.flatMap((input: unknown, index) =>
    readInput(input, `complete[${String(index)}]`, problems),
  );
  if (value.length > MAX_INPUTS) {
    const message = `has ${String(value.length)} inputs, more than ${String(MAX_INPUTS)}`;
    problems.push({ path: 'complete', message });
  }
  const names = inputs.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) problems.push({ path: 'complete', message: `names "${twice}" twice` });
  return problems.length > 0 ? { ok: false, problems } : { ok: true, inputs };
};
