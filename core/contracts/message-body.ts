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

/** Enough to find the place; a stack has ten unless somebody asks for more. */
const MAX_FRAMES = 6;

/** Where it was thrown. What it says stands before that in its stack, and may look like it. */
const framesOf = ({ stack = '', message }: Error): string => {
  const said = stack.indexOf(message);
  if (said < 0) return '';
  const frames = stack.slice(said + message.length).match(/^ +at .+$/gm) ?? [];
  return frames
    .slice(0, MAX_FRAMES)
    .map((frame) => frame.trim())
    .join(' ');
};

/**
 * Of an error, what an operator may read (invariant I): its name, where it was thrown, the system's code for it
 * (`ENOSPC`), and its text only if it is one of AWS, which speaks of keys and limits; that of any other may hold what
 * was being worked on.
 */
export const errorFacts = (error: unknown): Readonly<Record<string, string>> => {
  if (!(error instanceof Error)) return { error: 'unknown' };
  const at = framesOf(error);
  return {
    error: error.name,
    ...('code' in error && typeof error.code === 'string' ? { code: error.code } : {}),
    ...('$fault' in error ? { detail: error.message } : {}),
    ...(at === '' ? {} : { at }),
  };
};
