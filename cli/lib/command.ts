/** What every command has: the API's address, --json, and an action that is handed both. */
import type { Command } from 'commander';
import { apiToken } from '../sign-in/api-token.ts';
import { ApiClient } from './api-client.ts';
import { Output } from './output.ts';

export interface CommandContext {
  readonly api: ApiClient;
  readonly output: Output;
  readonly environment: NodeJS.ProcessEnv;
}

interface GlobalOptions {
  readonly api?: string;
  readonly token?: string;
  readonly json?: boolean;
}

const DEFAULT_HTTP_PORT = '8080';

/** `--api`, else GANTRY_API, else the Gantry of this computer. */
export const apiUrl = (option: string | undefined, environment: NodeJS.ProcessEnv): string => {
  const configured = option ?? environment['GANTRY_API'];
  if (configured !== undefined && configured !== '') {
    const url = /^https?:\/\//.test(configured) ? configured : `http://${configured}`;
    return url.replace(/\/+$/, '');
  }
  const port = environment['GANTRY_HTTP_PORT'];
  return `http://127.0.0.1:${port === undefined || port === '' ? DEFAULT_HTTP_PORT : port}`;
};

/** A command whose action takes the context, its arguments as strings, and its options. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- commander gives options without types
export const addCommand = <Options extends object>(
  parent: Command,
  /** Name and arguments, such as `show <name>`. */
  usage: string,
  description: string,
  configure: (command: Command) => Command,
  action: (
    context: CommandContext,
    values: readonly (string | readonly string[])[],
    options: Options,
  ) => Promise<void>,
): void => {
  const command = configure(parent.command(usage).description(description)).option(
    '--json',
    'one JSON document on stdout',
  );
  command.action(async () => {
    const options = command.optsWithGlobals<Options & GlobalOptions>();
    const url = apiUrl(options.api, process.env);
    const context: CommandContext = {
      api: new ApiClient(url, await apiToken(url, options.token, process.env)),
      output: new Output(options.json === true),
      environment: process.env,
    };
    await action(context, command.processedArgs as (string | readonly string[])[], options);
  });
};

/** For an option that may stand several times. */
export const collect = (value: string, earlier: readonly string[] | undefined): string[] => [
  ...(earlier ?? []),
  value,
];

/** The first argument, a text. */
export const first = (values: readonly (string | readonly string[])[]): string => {
  const [value] = values;
  return typeof value === 'string' ? value : '';
};
