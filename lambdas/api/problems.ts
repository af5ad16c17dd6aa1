/** Refusals of the API as exceptions, and the one mapping from any exception to a problem document. */
import type { z } from 'zod';
import {
  PROBLEM_STATUS,
  type Problem,
  type ProblemCode,
  type ProblemDetail,
} from '../../core/contracts/api-problem.ts';

const TITLES: Record<ProblemCode, string> = {
  'invalid-request': 'The request is not understood',
  'invalid-configuration': 'The configuration was refused; nothing was changed',
  'invalid-package': 'The package was refused; nothing was installed',
  'not-found': 'There is no such thing',
  'method-not-allowed': 'The method is not allowed here',
  'already-installed': 'Another version is installed',
  'in-use': 'It is in use',
  'no-result': 'There is no result',
  'not-cancellable': 'It cannot be cancelled',
  'not-retryable': 'It cannot be tried again',
  'not-routable': 'The instance cannot be grouped there',
  'not-composable': 'No session can be composed of them',
  'unmet-requirements': 'The package needs what is not installed',
  'upload-missing': 'Nothing was uploaded',
  'package-too-large': 'The package is too large',
  'internal-error': 'Gantry failed',
  'not-ready': 'Gantry is not ready',
};

const sentence = (problems: readonly ProblemDetail[]): string =>
  problems
    .map(({ path, message }) => (path === undefined ? message : `${path}: ${message}`))
    .join('; ');

/** Thrown wherever a request is refused; becomes a problem document with every detail. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly code: ProblemCode;
  readonly problems: readonly ProblemDetail[];

  constructor(code: ProblemCode, problems: readonly ProblemDetail[]) {
    super(sentence(problems));
    this.code = code;
    this.problems = problems;
  }
}

/** `what` is a thing of `kind` that is not there. */
export const notFound = (kind: string, what: string): ApiProblem =>
  new ApiProblem('not-found', [{ message: `there is no ${kind} "${what}"` }]);

/** Every issue that a schema found in a part of the request. */
export const invalidRequest = (part: string, error: z.ZodError): ApiProblem =>
  new ApiProblem(
    'invalid-request',
    error.issues.map((issue) => ({
      path: [part, ...issue.path.map(String)].join('.'),
      message: issue.message,
    })),
  );

export const problemDocument = (
  code: ProblemCode,
  problems: readonly ProblemDetail[],
): Problem => ({
  type: `urn:gantry:problem:${code}`,
  title: TITLES[code],
  status: PROBLEM_STATUS[code],
  detail: sentence(problems),
  code,
  problems: [...problems],
});
