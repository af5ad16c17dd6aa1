/**
 * What a rule said of a group, and every value that it read. Values may be a patient's: they stand in the table and
 * in answers of the API, and never in logs or in messages.
 */
import { z } from 'zod';

/** Values of one path, such as `instances.Modality`: each with how often it was read. Bounded. */
export const RuleReading = z.object({
  path: z.string(),
  values: z.array(z.object({ value: z.unknown(), count: z.int() })),
  /** How often a value was read that is not among these, for they are too many. */
  others: z.int(),
  /** How often there was no value. */
  missing: z.int(),
});
export type RuleReading = z.infer<typeof RuleReading>;

export const RULE_OUTCOMES = ['matched', 'not-matched', 'failed'] as const;

export const RuleOutcome = z.object({
  outcome: z.enum(RULE_OUTCOMES),
  /** Of a failed one: why, without any value. */
  reason: z.string().optional(),
  /** Of a failed one, if there is more to say: it may name values. */
  detail: z.string().optional(),
  readings: z.array(RuleReading),
});
export type RuleOutcome = z.infer<typeof RuleOutcome>;
