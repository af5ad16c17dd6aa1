/** Which application entity a command calls, as whom, and whether by TLS. */
import type { Command } from 'commander';
import { WrongUsage } from './failures.ts';
import type { PeerOptions } from '../dimse/send-echo.ts';
import { tlsOf, type TlsArguments } from './tls-files.ts';

export interface PeerArguments extends TlsArguments {
  readonly to?: string;
  readonly as?: string;
  readonly host?: string;
  readonly port?: string;
}

const DEFAULT_PORT = '11112';
const DEFAULT_TLS_PORT = '2762';
const DEFAULT_CALLED = 'GANTRY';
const DEFAULT_CALLING = 'GANTRY-SEND';
const TIMEOUT_MS = 30_000;

const aeTitle = (option: string, text: string): string => {
  const name = text.trim();
  if (/^[\x20-\x5b\x5d-\x7e]{1,16}$/.test(name)) return name;
  throw new WrongUsage(`${option} "${text}" is no AE title: 1 to 16 characters, no backslash`);
};

/** The options of {@link PeerArguments} but `--to`, which has a default of each command's own. */
export const withPeer = (command: Command): Command =>
  command
    .option('--as <aet>', 'the calling AE title')
    .option('--host <host>', 'where it listens', '127.0.0.1')
    .option(
      '--port <port>',
      `default: GANTRY_DIMSE_PORT, else ${DEFAULT_PORT}; with --tls GANTRY_DIMSE_TLS_PORT, else ${DEFAULT_TLS_PORT}`,
    )
    .option('--tls', 'by TLS; its certificate is verified')
    .option('--ca <file>', 'PEM; who issued its certificate, default: whom this computer trusts')
    .option('--cert <file>', 'PEM; a certificate to show, with --key')
    .option('--key <file>', 'PEM; its private key');

/** Throws WrongUsage, and CommandFailed for files of TLS that are not usable. */
export const peerOf = async (
  { to, as, host, port, ...files }: PeerArguments,
  environment: NodeJS.ProcessEnv,
): Promise<PeerOptions> => {
  const tls = await tlsOf(files);
  const portText =
    port ??
    (tls === undefined
      ? (environment['GANTRY_DIMSE_PORT'] ?? DEFAULT_PORT)
      : (environment['GANTRY_DIMSE_TLS_PORT'] ?? DEFAULT_TLS_PORT));
  const portNumber = Number(portText);
  if (!Number.isInteger(portNumber) || portNumber < 1 || portNumber > 65_535) {
    throw new WrongUsage(`"${portText}" is no port: 1 to 65535`);
  }
  return {
    host: host ?? '127.0.0.1',
    port: portNumber,
    calledAe: aeTitle('--to', to ?? DEFAULT_CALLED),
    callingAe: aeTitle('--as', as ?? DEFAULT_CALLING),
    timeoutMs: TIMEOUT_MS,
    ...(tls === undefined ? {} : { tls }),
  };
};
