/** `gantry destination …`: where service code may send. */
import type { Command } from 'commander';
import { Destination, DestinationPage } from '../../core/contracts/api-configuration.ts';
import { describeStatus } from '../../core/dimse/status.ts';
import { AssociationFailed } from '../dimse/association-failed.ts';
import { sendEcho, type EchoResult, type PeerOptions } from '../dimse/send-echo.ts';
import { apiPath } from '../lib/api-client.ts';
import { addCommand, first } from '../lib/command.ts';
import { peerOf } from '../lib/dimse-peer.ts';
import { CommandFailed } from '../lib/failures.ts';

interface SetOptions {
  readonly aeTitle?: string;
  readonly host?: string;
  readonly port?: string;
  readonly tls?: boolean;
}

/** What is no number goes to the API as it is, which tells it together with every other problem. */
const numberOrText = (text: string | undefined): number | string | undefined =>
  text === undefined || text.trim() === '' || !Number.isFinite(Number(text)) ? text : Number(text);

const echoTo = async (peer: PeerOptions, where: string): Promise<EchoResult> => {
  try {
    return await sendEcho(peer);
  } catch (error) {
    if (!(error instanceof AssociationFailed)) throw error;
    throw new CommandFailed(`${where}: ${error.message}`, [
      'the test is made from this computer: service code runs elsewhere, behind other firewalls',
    ]);
  }
};

export const addDestinationCommands = (program: Command): void => {
  const group = program.command('destination').description('where service code may send');
  addCommand(
    group,
    'list',
    'all destinations',
    (command) => command,
    async ({ api, output }) => {
      output.list(
        await api.list(DestinationPage, '/destinations'),
        [
          { title: 'NAME', value: ({ name }) => name },
          { title: 'AE TITLE', value: ({ aeTitle }) => aeTitle },
          { title: 'HOST', value: ({ host }) => host },
          { title: 'PORT', value: ({ port }) => port },
          { title: 'TLS', value: ({ tls }) => (tls ? 'yes' : 'no') },
        ],
        'no destination: service code may send nowhere; make one with: gantry destination set NAME',
      );
    },
  );
  addCommand(
    group,
    'show <name>',
    'one destination',
    (command) => command,
    async ({ api, output }, values) => {
      output.object(await api.get(Destination, apiPath('destinations', first(values))));
    },
  );
  addCommand<SetOptions>(
    group,
    'set <name>',
    'makes or changes a destination; what is not named stays as it is',
    (command) =>
      command
        .option('--ae-title <aet>', 'the called AE title')
        .option('--host <host>', 'a name or an address')
        .option('--port <port>', '1 to 65535')
        .option('--tls', 'speak TLS, and verify the certificate')
        .option('--no-tls', 'speak plain DICOM again'),
    async ({ api, output }, values, { aeTitle, host, port, tls }) => {
      output.object(
        await api.put(Destination, apiPath('destinations', first(values)), {
          ...{ aeTitle, host, tls },
          port: numberOrText(port),
        }),
      );
    },
  );
  addCommand<{ as?: string }>(
    group,
    'test <name>',
    'asks it with a C-ECHO whether it answers, from this computer',
    (command) => command.option('--as <aet>', 'the calling AE title', 'GANTRY'),
    async ({ api, output, environment }, values, options) => {
      const name = first(values);
      const { aeTitle, host, port, tls } = await api.get(
        Destination,
        apiPath('destinations', name),
      );
      const where = `${name} (${aeTitle} at ${host}:${port})`;
      const called = { ...options, to: aeTitle, host, port: String(port), tls };
      const { status, milliseconds } = await echoTo(await peerOf(called, environment), where);
      if (output.json) output.document({ name, status, milliseconds });
      else
        output.line(
          `${where} answered: ${describeStatus(status)} in ${milliseconds.toFixed(0)} ms`,
        );
      if (status !== 0) throw new CommandFailed(`${where} did not answer with success`);
    },
  );
  addCommand(
    group,
    'remove <name>',
    'removes a destination',
    (command) => command,
    async ({ api, output }, values) => {
      await api.remove(apiPath('destinations', first(values)));
      output.message(`removed ${first(values)}`);
    },
  );
};
