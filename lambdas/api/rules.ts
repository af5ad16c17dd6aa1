/** Rules that come in a request: all that is wrong with one is told in one answer. */
import { readRule } from '../../core/rules/rule.ts';
import { ApiProblem } from './problems.ts';

/** Throws the problem when it does not compile, or has a word that no rule can have. */
export const checkRule = (rule: string | null | undefined): void => {
  if (rule === undefined || rule === null) return;
  const reading = readRule(rule);
  if (reading.ok) return;
  throw new ApiProblem(
    'invalid-configuration',
    reading.problems.map((message) => ({
      path: 'rule',
      message,
      remedy: 'docs/rules.md says what a rule may read; try one with: gantry rule check FILE',
    })),
  );
};
