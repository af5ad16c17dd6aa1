/**
 * A change of a pipeline: merged with what is there, and checked as a whole. Either the new item comes out, or
 * every problem; never a part of a change.
 */
import type { z } from 'zod';
import type { PipelineSettings } from '../contracts/api-configuration.ts';
import type { ProblemDetail } from '../contracts/api-problem.ts';
import type { PipelineItem } from '../contracts/configuration.ts';
import { readRule } from '../rules/rule.ts';

const MAX_ID_LENGTH = 100;

export type PipelineReading =
  | { readonly ok: true; readonly item: PipelineItem }
  | { readonly ok: false; readonly problems: readonly ProblemDetail[] };

/** All that is wrong with a rule that comes in a request; nothing for none. */
export const ruleProblems = (rule: string | null | undefined): ProblemDetail[] => {
  if (rule === undefined || rule === null) return [];
  const reading = readRule(rule);
  return reading.ok
    ? []
    : reading.problems.map((message) => ({
        path: 'rule',
        message,
        remedy: 'docs/rules.md says what a rule may read; try one with: gantry rule check FILE',
      }));
};

/** `before` is the pipeline of that id, if there is one: what `change` leaves out stays, a rule that is null goes. */
export const readPipelineSettings = (
  id: string,
  change: z.infer<typeof PipelineSettings>,
  before: PipelineItem | undefined,
): PipelineReading => {
  const problems = ruleProblems(change.rule);
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(id) || id.length > MAX_ID_LENGTH) {
    const message = `"${id}" must have letters, digits, ".", "_" and "-" only, at most ${MAX_ID_LENGTH}`;
    problems.push({ path: 'id', message });
  }
  if (problems.length > 0) return { ok: false, problems };
  const rule = change.rule === undefined ? before?.rule : change.rule;
  return {
    ok: true,
    item: {
      id,
      name: change.name ?? before?.name ?? id,
      services: [...new Set(change.services ?? before?.services ?? [])],
      ...(rule === undefined || rule === null ? {} : { rule }),
    },
  };
};
