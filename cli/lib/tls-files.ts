/** The PEM files that a command is given for TLS with a peer, read and checked before anything is sent. */
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { areCertificates, isPair } from '../../core/contracts/tls-secret.ts';
import type { PeerTls } from '../dimse/peer-socket.ts';
import { CommandFailed, WrongUsage } from './failures.ts';

export interface TlsArguments {
  readonly tls?: boolean;
  /** Files. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

const read = async (option: string, file: string | undefined): Promise<string | undefined> => {
  if (file === undefined) return undefined;
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    throw new CommandFailed(`${option}: the file ${file} cannot be read (${code})`);
  }
};

const assertCertificate = (option: string, file = '', pem: string | undefined): void => {
  if (pem === undefined || areCertificates(pem)) return;
  throw new CommandFailed(`${option}: ${file} is no certificate in PEM form`, [
    'such a file has a line -----BEGIN CERTIFICATE-----; one of DER form is turned into it by: openssl x509 -inform der',
  ]);
};

const isUsable = (tls: PeerTls): boolean => {
  const { cert, key } = tls;
  try {
    createSecureContext(tls);
    return cert === undefined || key === undefined || isPair(cert, key);
  } catch {
    return false;
  }
};

const assertPair = ({ cert: file = '', key: keyFile = '' }: TlsArguments, tls: PeerTls): void => {
  if (isUsable(tls)) return;
  throw new CommandFailed(
    `--cert ${file} and --key ${keyFile} are no pair: the key belongs to another certificate, ` +
      'is not in PEM form, or is encrypted',
  );
};

/** Undefined without `--tls`. Throws WrongUsage and CommandFailed. */
export const tlsOf = async (args: TlsArguments): Promise<PeerTls | undefined> => {
  const given = (['ca', 'cert', 'key'] as const).filter((name) => args[name] !== undefined);
  if (args.tls !== true) {
    if (given.length === 0) return undefined;
    throw new WrongUsage(
      `${given.map((name) => `--${name}`).join(', ')} cannot be used without --tls`,
    );
  }
  if ((args.cert === undefined) !== (args.key === undefined)) {
    throw new WrongUsage('--cert and --key belong together: a certificate, and its private key');
  }
  const [ca, cert, key] = await Promise.all([
    read('--ca', args.ca),
    read('--cert', args.cert),
    read('--key', args.key),
  ]);
  assertCertificate('--ca', args.ca, ca);
  assertCertificate('--cert', args.cert, cert);
  const tls: PeerTls = { ca, cert, key };
  assertPair(args, tls);
  return tls;
};
