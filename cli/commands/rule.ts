/** `gantry rule …`: checks rules, and tries them on a group or on DICOM files. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { RuleTrial } from '../../core/contracts/api.ts';
import { toRuleTrial } from '../../core/contracts/api-conversion.ts';
import { readRule } from '../../core/rules/rule.ts';
import type { RuleSubject } from '../../core/rules/rule-words.ts';
import { readingLines } from '../../core/rules/rule-decision.ts';
import { tryOnFiles } from '../dimse/rule-files.ts';
import { apiPath } from '../lib/api-client.ts';
import { addCommand, collect, first } from '../lib/command.ts';
import { CommandFailed, WrongUsage } from '../lib/failures.ts';
import type { Output } from '../lib/output.ts';

/** A rule on the command line: the name of a file that has it, or else the rule itself. */
export const ruleText = async (fileOrText: string): Promise<string> => {
  try {
    return (await readFile(fileOrText, 'utf8')).trim();
  } catch {
    return fileOrText;
  }
};

const fileText = async (path: string): Promise<string> => {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    throw new CommandFailed(`the file ${path} cannot be read (${code})`);
  }
};

const checked = (text: string, subject: RuleSubject) => {
  const reading = readRule(text, subject);
  if (reading.ok) return reading.rule;
  throw new CommandFailed('the rule is refused', reading.problems);
};

const printTrial = (output: Output, trial: RuleTrial): void => {
  if (output.json) {
    output.document(trial);
    return;
  }
  const { outcome, reason, detail, readings } = trial;
  const why = [reason, detail].filter((text) => text !== null).join(' – ');
  output.line(outcome === 'failed' ? `failed: ${why}` : outcome.replace('-', ' '));
  for (const line of readingLines(readings)) output.line(`  ${line}`);
};

export const addRuleCommands = (program: Command): void => {
  const group = program
    .command('rule')
    .description('rules of pipelines: which groups they are for (JSONata, see docs/rules.md)');
  addCommand<{ instance?: boolean }>(
    group,
    'check <file>',
    'whether a rule compiles, and which attributes it reads',
    (command) => command.option('--instance', 'it is about one instance, as in a --complete file'),
    async ({ output }, values, { instance }) => {
      const text = await fileText(first(values));
      const { keywords } = checked(text, instance === true ? 'instance' : 'group');
      output.object({ ok: true, reads: [...keywords].sort() });
    },
  );
  addCommand<{ group?: string; dicom?: string[] }>(
    group,
    'try <file>',
    'what a rule says about a group or about files, and every value that it reads',
    (command) =>
      command
        .option('--group <id>', 'a group of this Gantry')
        .option('--dicom <path>', 'a DICOM file, or a folder with all that is in it', collect),
    async ({ api, output }, values, options) => {
      if ((options.group === undefined) === (options.dicom === undefined)) {
        throw new WrongUsage('name either --group ID or --dicom PATH');
      }
      const text = await fileText(first(values));
      checked(text, 'group');
      const trial =
        options.group === undefined
          ? toRuleTrial(await tryOnFiles(text, options.dicom ?? []))
          : await api.post(RuleTrial, apiPath('groups', options.group, 'rule'), { rule: text });
      printTrial(output, trial);
      if (trial.outcome === 'failed') throw new CommandFailed('the rule failed');
    },
  );
};
