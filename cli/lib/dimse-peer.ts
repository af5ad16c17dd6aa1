/** Which application entity a command calls, and as whom. */
import { WrongUsage } from './failures.ts';
import type { PeerOptions } from '../dimse/send-echo.ts';

export interface PeerArguments {
  readonly to?: string;
  readonly as?: string;
  readonly host?: string;
  readonly port?: string;
}

const DEFAULT_PORT = '11112';
const DEFAULT_CALLED = 'GANTRY';
const DEFAULT_CALLING = 'GANTRY-SEND';
const TIMEOUT_MS = 30_000;

const aeTitle = (option: string, text: string): string => {
  const name = text.trim();
  if (/^[\x20-\x5b\x5d-\x7e]{1,16}$/.test(name)) return name;
  throw new WrongUsage(`${option} "${text}" is no AE title: 1 to 16 characters, no backslash`);
};

export const peerOf = (
  { to, as, host, port }: PeerArguments,
  environment: NodeJS.ProcessEnv,
): PeerOptions => {
  const portText = port ?? environment['GANTRY_DIMSE_PORT'] ?? DEFAULT_PORT;
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
  };
};
