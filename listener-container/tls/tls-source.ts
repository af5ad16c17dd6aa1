/**
 * Where the TLS port has its certificate, key and CA from: files on one computer, a secret on AWS. Both are read
 * again and again, and whoever reads does not know which it is.
 */
import { readFile } from 'node:fs/promises';
import { limit } from '../../aws/time-limit.ts';
import type { Secrets } from '../../core/contracts/ports.ts';
import { TlsSecret } from '../../core/contracts/tls-secret.ts';
import { errorName } from '../listener-log.ts';

/** PEM files. With a CA, clients must have a certificate that it vouches for. */
export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
  readonly ca?: string | undefined;
}

/** What is read cannot be used. The message quotes nothing of it: it may be a key. */
export class UnusableTls extends Error {
  override readonly name = 'UnusableTls';
}

export interface TlsSource {
  /** Between two readings, while there is a certificate. */
  readonly intervalMs: number;
  /** Texts in PEM form. Throws {@link UnusableTls}. */
  read(): Promise<TlsSecret>;
}

/** Volumes with secrets swap whole folders, which file watching misses; so the files are simply read. */
const FILES_INTERVAL_MS = 30_000;

/** Each reading has its price: at this pace, 5 cents a month for each task. */
const SECRET_INTERVAL_MS = 300_000;

const SECRET_LIMIT_MS = 10_000;

const fileText = async (file: string): Promise<string> => {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    throw new UnusableTls(`the file ${file} cannot be read (${code})`);
  }
};

export const tlsFiles = (
  { certificate, key, ca }: TlsFiles,
  intervalMs = FILES_INTERVAL_MS,
): TlsSource => ({
  intervalMs,
  read: async () => {
    const [certificateText, keyText, caText] = await Promise.all([
      fileText(certificate),
      fileText(key),
      ca === undefined ? undefined : fileText(ca),
    ]);
    return { certificate: certificateText, key: keyText, ca: caText };
  },
});

const secretText = async (secrets: Secrets, id: string): Promise<string> => {
  let text: string | undefined;
  try {
    text = await limit(secrets.text(id), SECRET_LIMIT_MS);
  } catch (error) {
    throw new UnusableTls(`the secret cannot be read (${errorName(error)})`);
  }
  if (text === undefined) throw new UnusableTls('the secret is empty: fill it with a certificate');
  return text;
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // What JSON.parse says quotes the text.
    throw new UnusableTls('the secret is no JSON document');
  }
};

/** `id` is a name or an ARN. */
export const tlsSecret = (
  secrets: Secrets,
  id: string,
  intervalMs = SECRET_INTERVAL_MS,
): TlsSource => ({
  intervalMs,
  read: async () => {
    const document = TlsSecret.safeParse(parsed(await secretText(secrets, id)));
    if (document.success) return document.data;
    const fields = document.error.issues.map(({ path }) => path.join('.') || 'all of it');
    throw new UnusableTls(`the secret has no usable ${fields.join(', ')}`);
  },
});
