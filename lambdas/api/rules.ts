/** Rules that come in a request: all that is wrong with one is told in one answer. */
import { ruleProblems } from '../../core/configuration/pipeline-settings.ts';
import { ApiProblem } from './problems.ts';

/** Throws the problem when it does not compile, or has a word that no rule can have. */
export const checkRule = (rule: string): void => {
  const problems = ruleProblems(rule);
  if (problems.length > 0) throw new ApiProblem('invalid-configuration', problems);
};
