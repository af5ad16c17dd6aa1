/**
 * Certificate, key and CA of the TLS port: read from files, checked as a whole, and read again while the
 * listener runs, so that a renewed certificate needs no restart. Files that do not fit leave the old ones in use.
 */
import { X509Certificate, constants } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { errorName, type ListenerLog } from '../listener-log.ts';

/** PEM files. With a CA, clients must have a certificate that it vouches for. */
export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
  readonly ca?: string | undefined;
}

/** The files cannot be read, or do not belong together. */
export class BadTlsFiles extends Error {
  override readonly name = 'BadTlsFiles';
}

/**
 * BCP 195 (RFC 9325 section 4.2), which PS3.15 annex B.9 asks for: forward secrecy and authenticated
 * encryption only.
 */
const CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_AES_128_GCM_SHA256',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

const DAY_MS = 86_400_000;
const WARNING_DAYS = 30;

/** Volumes with secrets swap whole folders, which file watching misses; so the files are simply read. */
const RELOAD_MS = 30_000;

interface Loaded {
  readonly options: SecureContextOptions;
  readonly expiresAt: number;
  readonly contents: string;
}

const load = async ({ certificate, key, ca }: TlsFiles): Promise<Loaded> => {
  try {
    const [cert, keyText, caText] = await Promise.all([
      readFile(certificate, 'utf8'),
      readFile(key, 'utf8'),
      ca === undefined ? undefined : readFile(ca, 'utf8'),
    ]);
    const options: SecureContextOptions = {
      cert,
      key: keyText,
      ...(caText === undefined ? {} : { ca: caText }),
      minVersion: 'TLSv1.2',
      ciphers: CIPHERS,
      honorCipherOrder: true,
      // A resumed session would be let in by a CA that is not trusted any more.
      secureOptions: constants.SSL_OP_NO_TICKET,
    };
    // Throws when key and certificate are not a pair.
    createSecureContext(options);
    return {
      options,
      expiresAt: Date.parse(new X509Certificate(cert).validTo),
      contents: [cert, keyText, caText ?? ''].join('\0'),
    };
  } catch (error) {
    throw new BadTlsFiles(error instanceof Error ? error.message : 'unreadable', { cause: error });
  }
};

export class TlsCredentials {
  readonly #files: TlsFiles;
  readonly #log: ListenerLog;
  #loaded: Loaded;
  #refused = '';
  #warnedAt = -Infinity;
  #timer: NodeJS.Timeout | undefined;

  private constructor(files: TlsFiles, log: ListenerLog, loaded: Loaded) {
    this.#files = files;
    this.#log = log;
    this.#loaded = loaded;
    this.#warn();
  }

  /** Throws BadTlsFiles. */
  static async load(files: TlsFiles, log: ListenerLog): Promise<TlsCredentials> {
    return new TlsCredentials(files, log, await load(files));
  }

  get options(): SecureContextOptions {
    return this.#loaded.options;
  }

  /** Whether clients without a certificate of the CA are turned away in the handshake. */
  get clientCertificateRequired(): boolean {
    return this.#files.ca !== undefined;
  }

  /** Milliseconds since the epoch. */
  get expiresAt(): number {
    return this.#loaded.expiresAt;
  }

  /** Whole days until the certificate expires; negative afterwards. */
  get daysLeft(): number {
    return Math.floor((this.#loaded.expiresAt - Date.now()) / DAY_MS);
  }

  /** Reads the files every `intervalMs`, until {@link close}. */
  watch(onChange: (options: SecureContextOptions) => void, intervalMs = RELOAD_MS): void {
    this.#timer = setInterval(() => {
      void this.#reload(onChange);
    }, intervalMs);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #reload(onChange: (options: SecureContextOptions) => void): Promise<void> {
    try {
      const loaded = await load(this.#files);
      this.#refused = '';
      if (loaded.contents !== this.#loaded.contents) {
        this.#loaded = loaded;
        this.#warnedAt = -Infinity;
        onChange(loaded.options);
        this.#log.info('the certificate was renewed', { daysLeft: this.daysLeft });
      }
    } catch (error) {
      const problem = error instanceof Error ? error.message : errorName(error);
      // Half of a renewal may be on disk for a moment: said once, and the next reading may mend it.
      if (problem !== this.#refused) {
        this.#log.error('the files of TLS are not usable; the old ones stay', { problem });
      }
      this.#refused = problem;
    }
    this.#warn();
  }

  #warn(): void {
    if (this.daysLeft >= WARNING_DAYS || Date.now() - this.#warnedAt < DAY_MS) return;
    this.#warnedAt = Date.now();
    this.#log.warn('the certificate expires soon', { daysLeft: this.daysLeft });
  }
}
