/** `gantry tls-secret`: makes what the secret of the listener's TLS port has to hold, out of PEM files. */
import type { Command } from 'commander';
import { TlsSecret } from '../../core/contracts/tls-secret.ts';
import { addCommand } from '../lib/command.ts';
import { WrongUsage } from '../lib/failures.ts';
import { tlsOf, type TlsArguments } from '../lib/tls-files.ts';

export const addTlsSecretCommand = (program: Command): void => {
  addCommand<TlsArguments>(
    program,
    'tls-secret',
    'checks PEM files and prints them as the secret of the listener’s TLS port; nothing is sent',
    (command) =>
      command
        .requiredOption('--cert <file>', 'PEM; the listener’s certificate, then those of its chain')
        .requiredOption('--key <file>', 'PEM; its private key, without a passphrase')
        .option('--ca <file>', 'PEM; who issues clients’ certificates, which they need then'),
    async ({ output }, _, options) => {
      const files = await tlsOf({ ...options, tls: true });
      const secret = TlsSecret.safeParse({
        certificate: files?.cert,
        key: files?.key,
        ca: files?.ca,
      });
      if (!secret.success) throw new WrongUsage('--cert and --key name files with text in them');
      output.document(secret.data);
    },
  );
};
