/** `gantry pipeline …`: sets of services that a released group is offered to. */
import type { Command } from 'commander';
import { Pipeline, PipelinePage } from '../../core/contracts/api-configuration.ts';
import { apiPath } from '../lib/api-client.ts';
import { addCommand, collect, first } from '../lib/command.ts';
import { ruleText } from './rule.ts';

export const addPipelineCommands = (program: Command): void => {
  const group = program
    .command('pipeline')
    .description('sets of services that a released group is offered to');
  addCommand(
    group,
    'list',
    'all pipelines',
    (command) => command,
    async ({ api, output }) => {
      output.list(
        await api.list(PipelinePage, '/pipelines'),
        [
          { title: 'ID', value: ({ id }) => id },
          { title: 'NAME', value: ({ name }) => name },
          {
            title: 'SERVICES',
            value: ({ services }) => (services.length === 0 ? 'all' : services),
          },
        ],
        'no pipeline',
      );
    },
  );
  addCommand(
    group,
    'show <id>',
    'one pipeline',
    (command) => command,
    async ({ api, output }, values) => {
      output.object(await api.get(Pipeline, apiPath('pipelines', first(values))));
    },
  );
  addCommand<{ name?: string; service?: string[]; rule?: string }>(
    group,
    'set <id>',
    'makes or changes a pipeline; without any service it has all of them',
    (command) =>
      command
        .option('--name <name>', 'a name for people')
        .option('--service <service>', 'a service of the pipeline', collect)
        .option('--rule <file|text>', 'which groups it is for, see docs/rules.md; none: all'),
    async ({ api, output }, values, { name, service, rule }) => {
      const pipeline = await api.put(Pipeline, apiPath('pipelines', first(values)), {
        name,
        services: service,
        rule: rule === undefined ? undefined : rule === 'none' ? null : await ruleText(rule),
      });
      output.notes(pipeline.notes);
      output.object(pipeline);
    },
  );
  addCommand(
    group,
    'remove <id>',
    'removes a pipeline',
    (command) => command,
    async ({ api, output }, values) => {
      await api.remove(apiPath('pipelines', first(values)));
      output.message(`removed ${first(values)}`);
    },
  );
};
