/** `gantry apply` and `gantry export`: the configuration as a whole. */
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { WholeConfiguration } from '../../core/contracts/api-whole-configuration.ts';
import { applyDocument, printApplication } from '../lib/apply-configuration.ts';
import { addCommand } from '../lib/command.ts';
import { jsonOf, STANDARD_INPUT } from '../lib/json-file.ts';

interface ApplyOptions {
  readonly file: string;
  readonly dryRun?: boolean;
  readonly keep?: boolean;
}

export const addApplyCommands = (program: Command): void => {
  addCommand<ApplyOptions>(
    program,
    'apply',
    'sets the configuration as a whole, all of it or nothing; prints the difference',
    (command) =>
      command
        .requiredOption('-f, --file <file>', 'gantry.json, see: gantry schema; - is standard input')
        .option('--dry-run', 'only print the difference')
        .option('--keep', 'keep what a section of the file does not name, instead of removing it'),
    async ({ api, output }, _values, { file, dryRun, keep }) => {
      const options = {
        dryRun: dryRun === true,
        keep: keep === true,
        folder: file === STANDARD_INPUT ? '.' : dirname(file),
      };
      printApplication(output, await applyDocument(await jsonOf(file), options, api));
    },
  );
  addCommand(
    program,
    'export',
    'the configuration as it is, for apply',
    (command) => command,
    async ({ api, output }) => {
      output.document(await api.get(WholeConfiguration, '/configuration'));
    },
  );
};
