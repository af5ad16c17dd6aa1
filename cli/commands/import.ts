/** `gantry import …`: the configuration of another gateway, told thing by thing, and applied only when asked to. */
import type { Command } from 'commander';
import { WholeConfiguration } from '../../core/contracts/api-whole-configuration.ts';
import { importClara } from '../../core/imports/clara.ts';
import { NotImportable, type Imported } from '../../core/imports/imported.ts';
import { parseJsonWithComments } from '../../core/imports/json-with-comments.ts';
import { importMonai } from '../../core/imports/monai.ts';
import type { ApiClient } from '../lib/api-client.ts';
import { applyDocument, printApplication } from '../lib/apply-configuration.ts';
import { addCommand } from '../lib/command.ts';
import { CommandFailed } from '../lib/failures.ts';
import { jsonOf } from '../lib/json-file.ts';
import type { Output } from '../lib/output.ts';

type Importing = (document: unknown) => Imported;

const importFile = async (file: string, importing: Importing): Promise<Imported> => {
  const document = await jsonOf(file, parseJsonWithComments);
  try {
    return importing(document);
  } catch (error) {
    if (error instanceof NotImportable) throw new CommandFailed(`${file} ${error.message}`);
    throw error;
  }
};

/** Of several files, the last one that names a thing says how it is. */
const together = (all: readonly Imported[]): Imported => ({
  configuration: {
    aeTitles: Object.assign({}, ...all.map((one) => one.configuration.aeTitles)) as object,
    sources: Object.assign({}, ...all.map((one) => one.configuration.sources)) as object,
    destinations: Object.assign({}, ...all.map((one) => one.configuration.destinations)) as object,
    pipelines: Object.assign({}, ...all.map((one) => one.configuration.pipelines)) as object,
  } as Imported['configuration'],
  findings: all.flatMap(({ findings }) => findings),
});

const TITLES = {
  maps: 'taken over as it is',
  changed: 'taken over, and changed or to be completed',
  cannot: 'not taken over',
} as const;

const printFindings = (output: Output, { findings }: Imported): void => {
  for (const outcome of ['maps', 'changed', 'cannot'] as const) {
    const found = findings.filter((finding) => finding.outcome === outcome);
    if (found.length === 0) continue;
    output.line(`${TITLES[outcome]}:`);
    for (const { what, message } of found) output.line(`  ${what}: ${message}`);
  }
};

/** A pipeline that is there already stays: a person may have said meanwhile what it runs. */
const withoutKnownPipelines = async (
  { configuration }: Imported,
  api: ApiClient,
): Promise<Imported['configuration']> => {
  const { pipelines: known = {} } = await api.get(WholeConfiguration, '/configuration');
  const pipelines = Object.entries(configuration.pipelines).filter(([id]) => !(id in known));
  return { ...configuration, pipelines: Object.fromEntries(pipelines) };
};

const addImport = (
  group: Command,
  name: string,
  description: string,
  importing: Importing,
): void => {
  addCommand<{ apply?: boolean }>(
    group,
    `${name} <file...>`,
    description,
    (command) => command.option('--apply', 'set it, beside what is configured already'),
    async ({ api, output }, [files], { apply }) => {
      const imported = together(
        await Promise.all(
          (Array.isArray(files) ? files : []).map((file: string) => importFile(file, importing)),
        ),
      );
      if (output.json && apply !== true) output.document(imported);
      if (!output.json) printFindings(output, imported);
      if (apply !== true) {
        output.message('nothing was changed; set it with --apply');
        return;
      }
      const configuration = await withoutKnownPipelines(imported, api);
      const options = { dryRun: false, keep: true, folder: '.' };
      printApplication(output, await applyDocument(configuration, options, api));
    },
  );
};

export const addImportCommands = (program: Command): void => {
  const group = program.command('import').description("another gateway's configuration");
  addImport(
    group,
    'clara',
    'of NVIDIA Clara DICOM Adapter: lists of its REST API, or an appsettings.json',
    importClara,
  );
  addImport(
    group,
    'monai',
    'of MONAI Deploy Informatics Gateway: lists of its REST API',
    importMonai,
  );
};
