/** `gantry source …`: who may call. */
import type { Command } from 'commander';
import { Source, SourcePage } from '../../core/contracts/api-configuration.ts';
import { apiPath } from '../lib/api-client.ts';
import { addCommand, collect, first } from '../lib/command.ts';

interface SourceOptions {
  host?: string[];
  port?: number;
  tls?: boolean;
  maxAssociations?: number;
  certificate?: string[];
  username?: string;
  passcodeSha256?: string;
}

export const addSourceCommands = (program: Command): void => {
  const group = program.command('source').description('who may call');
  addCommand(
    group,
    'list',
    'all sources',
    (command) => command,
    async ({ api, output }) => {
      output.list(
        await api.list(SourcePage, '/sources'),
        [
          { title: 'AE TITLE', value: ({ aeTitle }) => aeTitle },
          { title: 'HOSTS', value: ({ hosts }) => (hosts.length === 0 ? 'any' : hosts) },
        ],
        'no source: any AE title may call, from this computer only',
      );
    },
  );
  addCommand(
    group,
    'show <aet>',
    'one source',
    (command) => command,
    async ({ api, output }, values) => {
      output.object(await api.get(Source, apiPath('sources', first(values))));
    },
  );
  addCommand<SourceOptions>(
    group,
    'set <aet>',
    'lets an AE title call; from then on only sources may',
    (command) =>
      command
        .option('--host <cidr>', 'an address or a block, such as 10.1.0.0/16', collect)
        .option('--port <number>', 'where it listens for reports of storage commitment', Number)
        .option('--tls', 'it listens for them by TLS')
        .option('--no-tls', 'it listens for them without TLS')
        .option('--max-associations <number>', 'at once', Number)
        .option('--certificate <sha256>', 'fingerprint of a certificate it may use', collect)
        .option('--username <name>', 'it has to give this name, and the passcode')
        .option('--passcode-sha256 <hex>', 'SHA-256 of the passcode that it has to give'),
    async ({ api, output }, values, options) => {
      const { username, passcodeSha256 } = options;
      output.object(
        await api.put(Source, apiPath('sources', first(values)), {
          hosts: options.host,
          port: options.port,
          tls: options.tls,
          maxAssociations: options.maxAssociations,
          certificateFingerprints: options.certificate,
          ...(username === undefined && passcodeSha256 === undefined
            ? {}
            : { userIdentity: { username, passcodeSha256 } }),
        }),
      );
    },
  );
  addCommand(
    group,
    'remove <aet>',
    'removes a source',
    (command) => command,
    async ({ api, output }, values) => {
      await api.remove(apiPath('sources', first(values)));
      output.message(`removed ${first(values)}`);
    },
  );
};
