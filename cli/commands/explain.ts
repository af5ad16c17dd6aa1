/** `gantry explain …`: what happened to a study and why, one sentence a line. */
import type { Command } from 'commander';
import { ExplanationPage, type ExplanationEvent } from '../../core/contracts/api-explanation.ts';
import type { ApiClient } from '../lib/api-client.ts';
import { addCommand, first } from '../lib/command.ts';
import { showTime, type Output } from '../lib/output.ts';

/** In the order in which each was first heard of. */
const sectionsOf = (events: readonly ExplanationEvent[]) =>
  [...Map.groupBy(events, ({ groupId }) => groupId).entries()].flatMap(([groupId, ofGroup]) =>
    [...Map.groupBy(ofGroup, ({ sessionId }) => sessionId).entries()].map(([sessionId, lines]) => ({
      title:
        sessionId === null
          ? groupId === null
            ? 'in no group'
            : `group ${groupId}`
          : `session ${sessionId}`,
      lines,
    })),
  );

/** Tells the story that the API answers to `query`. */
export const printExplanation = async (
  { api, output }: { readonly api: ApiClient; readonly output: Output },
  query: Readonly<Record<string, string>>,
): Promise<void> => {
  const events = await api.list(ExplanationPage, '/explanations', query);
  if (output.json) {
    output.document(events);
    return;
  }
  for (const [index, { title, lines }] of sectionsOf(events).entries()) {
    if (index > 0) output.line();
    output.line(title);
    for (const { at, sentence } of lines) {
      output.line(`  ${showTime(at)}  ${sentence.replace(/\s+/g, ' ')}`);
    }
  }
};

export const addExplainCommand = (program: Command): void => {
  addCommand(
    program,
    'explain <id>',
    'what happened to a study, a patient or an accession, and why',
    (command) => command,
    async (context, values) => {
      await printExplanation(context, { q: first(values) });
    },
  );
};
