/** What a command ends with when it does not end well; main.ts prints them and sets the exit code. */
import type { Problem } from '../../core/contracts/api-problem.ts';

/** Refused or failed: exit code 1. */
export class CommandFailed extends Error {
  override readonly name: string = 'CommandFailed';
  readonly remedies: readonly string[];

  constructor(message: string, remedies: readonly string[] = []) {
    super(message);
    this.remedies = remedies;
  }
}

/** The command line itself is wrong: exit code 2. */
export class WrongUsage extends CommandFailed {
  override readonly name = 'WrongUsage';
}

/** The API said no. */
export class ApiRefused extends CommandFailed {
  override readonly name = 'ApiRefused';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** Nothing listens where the API should be. */
export class NotReachable extends CommandFailed {
  override readonly name = 'NotReachable';

  constructor(api: string, cause: string) {
    super(`no answer from ${api} (${cause}); is Gantry running?`, [
      'start it with: npm start',
      'or name another one with --api URL or GANTRY_API',
    ]);
  }
}

/** Lines for a person: what is wrong, every single problem, and what to do. */
export const failureLines = (error: unknown): string[] => {
  if (error instanceof ApiRefused) {
    const { title, problems } = error.problem;
    return [
      `gantry: ${title}`,
      ...problems.flatMap(({ path, message, remedy }) => [
        `  - ${path === undefined ? '' : `${path}: `}${message}`,
        ...(remedy === undefined ? [] : [`    ${remedy}`]),
      ]),
    ];
  }
  if (error instanceof CommandFailed) {
    return [`gantry: ${error.message}`, ...error.remedies.map((remedy) => `  ${remedy}`)];
  }
  return [`gantry: ${error instanceof Error ? error.message : String(error)}`];
};
