/** Why the API did not answer as it should, for a person: one class for each thing that a person can do about it. */
import type { Problem, ProblemDetail } from '../../core/contracts/api-problem.ts';

/** Nothing answers, or what answers is not the API: it is started, updated or gone. */
export class NotReachable extends Error {
  override readonly name = 'NotReachable';
}

/** The API said no, and says why. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly code: string;
  readonly problems: readonly ProblemDetail[];

  constructor({ code, title, problems }: Problem) {
    super(title);
    this.code = code;
    this.problems = problems;
  }
}

/** The token is not good any more. */
export class SignInEnded extends Error {
  override readonly name = 'SignInEnded';

  constructor() {
    super('Your sign-in has ended');
  }
}

/** The API answered what this console does not know: one of them is newer than the other. */
export class NotUnderstood extends Error {
  override readonly name = 'NotUnderstood';
}

const sentence = (text: string): string => {
  const trimmed = text.trim();
  const first = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
};

/** What happened and what to do about it, a sentence each. */
export const failureSentences = (error: unknown): string[] => {
  if (error instanceof Refused) {
    const { code, message, problems } = error;
    return [
      // That there is no such thing says less than what is not there.
      ...(code === 'not-found' && problems.length > 0 ? [] : [sentence(message)]),
      ...problems.flatMap((problem) => [
        sentence(problem.message),
        // May begin with a command.
        ...(problem.remedy === undefined ? [] : [`What helps: ${problem.remedy}`]),
      ]),
    ];
  }
  return [sentence(error instanceof Error ? error.message : String(error))];
};
