/** What every function behind a queue needs: its message out of a record's body, and what may be logged of an error. */
import { z } from 'zod';

/** Reads a body that is JSON of the schema; `safeParse` of anything else fails with its issues and never throws. */
export const messageBody = <T>(schema: z.ZodType<T>) =>
  z
    .string()
    .transform((body, context) => {
      try {
        return JSON.parse(body) as unknown;
      } catch {
        context.addIssue({ code: 'custom', message: 'no JSON' });
        return z.NEVER;
      }
    })
    .pipe(schema);

/**
 * Of an error, what an operator may read (invariant I): its name, and its text only if it is one of AWS, which
 * speaks of keys and limits; that of any other may hold what was being worked on.
 */
export const errorFacts = (error: unknown): Readonly<Record<string, string>> =>
  error instanceof Error
    ? { error: error.name, ...('$fault' in error ? { detail: error.message } : {}) }
    : { error: 'unknown' };
