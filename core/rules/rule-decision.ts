/** What a rule said about a group, as a decision record and in sentences. */
import type { DecisionRecord, SessionItem } from '../contracts/items.ts';
import type { RuleOutcome, RuleReading } from '../contracts/rules.ts';

const MAX_PATHS = 8;
const MAX_VALUES = 5;

const valuesText = ({ values, others, missing }: RuleReading): string => {
  const shown = values.slice(0, MAX_VALUES);
  const more = values.slice(MAX_VALUES).reduce((sum, { count }) => sum + count, others);
  return [
    ...shown.map(({ value, count }) => `${JSON.stringify(value)} (${String(count)})`),
    ...(more === 0 ? [] : [`others (${String(more)})`]),
    ...(missing === 0 ? [] : [`no value (${String(missing)})`]),
  ].join(', ');
};

/** One line for each path; in brackets how often a value was read. */
export const readingLines = (readings: readonly RuleReading[]): string[] =>
  readings.map((reading) => `${reading.path}: ${valuesText(reading)}`);

const readText = (readings: readonly RuleReading[]): string => {
  const lines = readingLines(readings);
  if (lines.length === 0) return 'It read no value.';
  const more = lines.length > MAX_PATHS ? `; and ${String(lines.length - MAX_PATHS)} more` : '';
  return `It read ${lines.slice(0, MAX_PATHS).join('; ')}${more}.`;
};

/** A sentence without any value of the group. */
export const ruleSentence = (pipeline: string, { outcome, reason = '' }: RuleOutcome): string => {
  const name = `The rule of the pipeline "${pipeline}"`;
  if (outcome === 'failed') return `${name} failed: ${reason}.`;
  return `${name} ${outcome === 'matched' ? 'matches' : 'does not match'} this group.`;
};

/** Deterministic: recorded again, it is the same record. */
export const ruleDecision = (
  { id, groupId, aeTitle, pipeline }: Pick<SessionItem, 'id' | 'groupId' | 'aeTitle' | 'pipeline'>,
  outcome: RuleOutcome,
  at: number,
): DecisionRecord => {
  const detail = outcome.detail === undefined ? '' : ` (${outcome.detail.replace(/\.$/, '')})`;
  const sentence = ruleSentence(pipeline, outcome).replace(/\.$/, `${detail}.`);
  return {
    id: `${id}-rule`,
    at,
    code: `rule-${outcome.outcome}`,
    message: `${sentence} ${readText(outcome.readings)}`,
    aeTitle,
    groupId,
    sessionId: id,
    readings: outcome.readings,
  };
};
