/** `gantry service …`: packages with processing code. */
import { Option, type Command } from 'commander';
import { Installation, Service, ServicePage } from '../../core/contracts/api-packages.ts';
import { readTypedValue, VALUE_TYPES, type ValueType } from '../../core/packages/parameters.ts';
import { apiPath } from '../lib/api-client.ts';
import { addCommand, first } from '../lib/command.ts';
import { WrongUsage } from '../lib/failures.ts';
import { installAll, tellWorker } from '../lib/install-packages.ts';

interface SetOptions {
  readonly job?: string;
  readonly key: string;
  readonly value: string;
  readonly type: ValueType;
}

const addInstall = (group: Command): void => {
  addCommand<{ force?: boolean }>(
    group,
    'install <source...>',
    'installs packages: a folder, an archive, an http(s) URL, a git URL',
    (command) => command.option('-f, --force', 'replace a version that is installed'),
    async ({ api, output }, [sources], { force }) => {
      await installAll(Array.isArray(sources) ? sources : [], force === true, api, output, {
        path: '/services',
        schema: Installation,
        tell: ({ outcome, service, notes, worker }) => {
          if (worker !== undefined) tellWorker(output, worker);
          output.message(`${outcome}: ${service.name} ${service.version}`);
          output.notes(notes);
        },
      });
    },
  );
};

const addSwitch = (group: Command, word: 'disable' | 'enable', description: string): void => {
  addCommand<{ job?: string }>(
    group,
    `${word} <name>`,
    description,
    (command) => command.option('-j, --job <job>', 'this job of it only'),
    async ({ api, output }, values, { job }) => {
      const name = first(values);
      const service = await api.post(Service, apiPath('services', name, word), { job });
      if (output.json) output.document(service);
      else output.message(`${word}d: ${name}${job === undefined ? '' : ` ${job}`}`);
    },
  );
};

const addSet = (group: Command): void => {
  addCommand<SetOptions>(
    group,
    'set <name>',
    'sets a parameter of a job, or of all jobs of the service',
    (command) =>
      command
        .option('-j, --job <job>', 'this job of it only')
        .requiredOption('-k, --key <key>', 'the parameter; a.b is b in the object a')
        .requiredOption('-v, --value <value>', 'its new value')
        .addOption(
          new Option('-t, --type <type>', 'how to read the value')
            .choices(VALUE_TYPES)
            .default('str'),
        ),
    async ({ api, output }, values, { job, key, value: text, type }) => {
      const reading = readTypedValue(text, type);
      if (!reading.ok) throw new WrongUsage(`--value ${reading.problem}`);
      const { value } = reading;
      const path = apiPath('services', first(values), 'params');
      const service = await api.put(Service, path, { job, key, value });
      if (output.json) output.document(service);
      else output.message(`set ${key} = ${JSON.stringify(value)}`);
    },
  );
};

export const addServiceCommands = (program: Command): void => {
  const group = program.command('service').description('packages with processing code');
  addInstall(group);
  addCommand(
    group,
    'list',
    'all services',
    (command) => command,
    async ({ api, output }) => {
      output.list(
        await api.list(ServicePage, '/services'),
        [
          { title: 'NAME', value: ({ name }) => name },
          { title: 'VERSION', value: ({ version }) => version },
          { title: 'JOBS', value: ({ jobs }) => jobs.map(({ jobName }) => jobName) },
          { title: 'DISABLED', value: ({ disabled }) => (disabled ? 'yes' : 'no') },
        ],
        'no service; install one with: gantry service install SOURCE',
      );
    },
  );
  addCommand(
    group,
    'show <name>',
    'one service',
    (command) => command,
    async ({ api, output }, values) => {
      const service = await api.get(Service, apiPath('services', first(values)));
      if (output.json) {
        output.document(service);
        return;
      }
      const { jobs, ...fields } = service;
      output.object(fields);
      output.line();
      output.table(jobs, [
        { title: 'JOB', value: ({ jobName }) => jobName },
        { title: 'EVENTS', value: ({ events }) => events },
        { title: 'DEPENDS ON', value: ({ dependsOn }) => dependsOn },
        { title: 'WORKER', value: ({ worker }) => worker },
        { title: 'TIMEOUT', value: ({ timeout }) => `${timeout} s` },
        { title: 'PARAMS', value: ({ params }) => JSON.stringify(params) },
        { title: 'DISABLED', value: ({ disabled }) => (disabled ? 'yes' : 'no') },
      ]);
    },
  );
  addSet(group);
  addSwitch(group, 'disable', 'from the next session on, the service or a job of it does not run');
  addSwitch(group, 'enable', 'from the next session on, the service or a job of it runs again');
  addCommand(
    group,
    'remove <name>',
    'removes a service',
    (command) => command,
    async ({ api, output }, values) => {
      await api.remove(apiPath('services', first(values)));
      output.message(`removed ${first(values)}`);
    },
  );
};
