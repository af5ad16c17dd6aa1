/**
 * How the API says no: RFC 9457 problem documents with a stable `code`, and every single problem that was
 * found, so that one answer is enough to put a request right.
 */
import { z } from 'zod';

/** One thing that is wrong: where, what, and what to do about it if the message does not say so already. */
export const ProblemDetail = z
  .object({
    path: z.string().optional(),
    message: z.string(),
    remedy: z.string().optional(),
  })
  .meta({ description: 'One thing that is wrong, where it is, and its remedy.' });
export type ProblemDetail = z.infer<typeof ProblemDetail>;

export const PROBLEM_STATUS = {
  'invalid-request': 400,
  'invalid-configuration': 400,
  'invalid-package': 400,
  'not-found': 404,
  'method-not-allowed': 405,
  'already-installed': 409,
  'in-use': 409,
  'no-result': 409,
  'not-cancellable': 409,
  'not-retryable': 409,
  'not-routable': 409,
  'not-composable': 409,
  'unmet-requirements': 409,
  'upload-missing': 409,
  'package-too-large': 413,
  'internal-error': 500,
  'not-ready': 503,
} as const;

export type ProblemCode = keyof typeof PROBLEM_STATUS;

/** Media type `application/problem+json` (RFC 9457, section 3). */
export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    /** Stable; titles and details are for people and may change. */
    code: z.string(),
    problems: z.array(ProblemDetail),
  })
  .meta({ description: 'RFC 9457 problem details.' });
export type Problem = z.infer<typeof Problem>;
