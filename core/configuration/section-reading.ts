/** What comes out of one section of a configuration document. */
import type { ProblemDetail } from '../contracts/api-problem.ts';

export interface SectionReading<T> {
  /** That are to be there; the problems say for which entries there is none. */
  readonly items: readonly T[];
  readonly problems: readonly ProblemDetail[];
  readonly notes: readonly string[];
}

/** A JSON object: no list, and not null. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
