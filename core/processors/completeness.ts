/**
 * Declared completeness: which inputs a group must have, and which of them it has. An input is met when as many
 * instances, series or studies match its rule as a number or an attribute says.
 */
import type { DeclaredInput } from '../contracts/configuration.ts';
import type { InputReport, InstanceItem } from '../contracts/items.ts';
import type { RuleOutcome } from '../contracts/rules.ts';
import { readRule } from '../rules/rule.ts';

type Member = Pick<
  InstanceItem,
  | 'aeTitle'
  | 'callingAeTitle'
  | 'declared'
  | 'receivedAt'
  | 'seriesInstanceUid'
  | 'sopInstanceUid'
  | 'studyInstanceUid'
>;

const COUNTED = {
  instances: ({ sopInstanceUid }: Member) => sopInstanceUid,
  series: ({ seriesInstanceUid }: Member) => seriesInstanceUid,
  studies: ({ studyInstanceUid }: Member) => studyInstanceUid,
} as const;

const keywordsOf = (inputs: readonly DeclaredInput[]): readonly string[] => [
  ...new Set(
    inputs.flatMap(({ match, count }) => {
      const reading = readRule(match, 'instance');
      return [
        ...(reading.ok ? reading.rule.keywords : []),
        ...(typeof count === 'string' ? [count] : []),
      ];
    }),
  ),
];

/** Asked for each instance that comes, of settings that seldom change. */
const known = new WeakMap<readonly DeclaredInput[], readonly string[]>();

/** The attributes that instances have to bring along, by keyword. */
export const declaredKeywords = (
  inputs: readonly DeclaredInput[] | undefined,
): readonly string[] => {
  if (inputs === undefined || inputs.length === 0) return [];
  const keywords = known.get(inputs) ?? keywordsOf(inputs);
  known.set(inputs, keywords);
  return keywords;
};

/** What one rule says of each instance; instances that are alike in what they declare are asked about once. */
const asking = (match: string) => {
  const reading = readRule(match, 'instance');
  const said = new Map<string, Promise<RuleOutcome>>();
  return (member: Member): Promise<RuleOutcome> => {
    if (!reading.ok) {
      const reason = `its rule cannot be read: ${reading.problems.join('; ')}`;
      return Promise.resolve({ outcome: 'failed', reason, readings: [] });
    }
    if (member.declared === undefined) {
      const reason = 'the attributes of an instance could not be read';
      return Promise.resolve({ outcome: 'failed', reason, readings: [] });
    }
    const { aeTitle, callingAeTitle: source, declared } = member;
    const key = JSON.stringify([source, declared]);
    const answer = said.get(key) ?? reading.rule.evaluate({ ...declared, aeTitle, source });
    said.set(key, answer);
    return answer;
  };
};

/** Of several values the largest; null without any. */
const wantedCount = (count: number | string, matching: readonly Member[]): number | null => {
  if (typeof count === 'number') return count;
  const told = matching.flatMap(({ declared }) => {
    const value = declared?.[count];
    return typeof value === 'number' ? [value] : [];
  });
  return told.length === 0 ? null : told.reduce((a, b) => Math.max(a, b));
};

const reportOn = async (input: DeclaredInput, members: readonly Member[]): Promise<InputReport> => {
  const ask = asking(input.match);
  const matching: Member[] = [];
  let problem: string | undefined;
  for (const member of members) {
    const { outcome, reason } = await ask(member);
    if (outcome === 'matched') matching.push(member);
    else if (outcome === 'failed') problem ??= reason;
  }
  const want = wantedCount(input.count, matching);
  const counted = new Set<string>();
  let metAt: number | undefined;
  for (const member of matching.toSorted((a, b) => a.receivedAt - b.receivedAt)) {
    counted.add(COUNTED[input.countOf](member));
    if (want !== null && counted.size >= want) metAt ??= member.receivedAt;
  }
  return {
    name: input.name,
    have: counted.size,
    want,
    ...(metAt === undefined ? {} : { metAt }),
    ...(problem === undefined ? {} : { problem }),
  };
};

/** One for each input, in their order. */
export const inputReports = (
  inputs: readonly DeclaredInput[],
  members: readonly Member[],
): Promise<InputReport[]> => Promise.all(inputs.map((input) => reportOn(input, members)));

export const isComplete = (reports: readonly InputReport[]): boolean =>
  reports.length > 0 && reports.every(({ metAt }) => metAt !== undefined);

/** `"ct" has 3 of 20`; in one line, without a value of the group. */
export const inputsText = (reports: readonly InputReport[]): string =>
  reports
    .map(({ name, have, want, metAt, problem }) => {
      const of = want === null ? 'of a number that nobody has told' : `of ${String(want)}`;
      const why = problem === undefined ? '' : ` (${problem})`;
      return metAt === undefined
        ? `"${name}" has ${String(have)} ${of}${why}`
        : `"${name}" is met since ${new Date(metAt).toISOString()} (${String(have)} ${of})`;
    })
    .join('; ');
