/**
 * Certificate, key and CA of the TLS port: read from their source, checked as a whole, and read again while the
 * listener runs, so that a renewed certificate needs no restart. What does not fit leaves the old ones in use; as
 * long as nothing ever fitted, there are none, and the port stays closed.
 */
import { X509Certificate, constants } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { DAY_MS } from '../../core/contracts/day.ts';
import { areCertificates, isPair } from '../../core/contracts/tls-secret.ts';
import { errorName, type ListenerLog } from '../listener-log.ts';
import { UnusableTls, type TlsSource } from './tls-source.ts';

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
const WARNING_DAYS = 30;

/** Who has just filled or mended what could not be used waits no longer. */
const UNUSABLE_INTERVAL_MS = 30_000;

export interface TlsPolicy {
  /** Refuses credentials without a CA: mutual TLS cannot be lost with a renewal. Default: false. */
  readonly requireClientCertificates?: boolean;
}

interface Loaded {
  readonly options: SecureContextOptions;
  readonly expiresAt: number;
  readonly contents: string;
}

const load = async (source: TlsSource, policy: TlsPolicy): Promise<Loaded> => {
  const { certificate, key, ca } = await source.read();
  if (ca === undefined && policy.requireClientCertificates === true) {
    throw new UnusableTls('there is no CA, and clients are to have certificates of one');
  }
  if (ca !== undefined && !areCertificates(ca)) {
    throw new UnusableTls('the CA is not there as certificates in PEM form, or not all of it');
  }
  const options: SecureContextOptions = {
    cert: certificate,
    key,
    ...(ca === undefined ? {} : { ca }),
    minVersion: 'TLSv1.2',
    ciphers: CIPHERS,
    honorCipherOrder: true,
    // A resumed session would be let in by a CA that is not trusted any more.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
  try {
    // OpenSSL names its reason and quotes nothing.
    createSecureContext(options);
    if (!isPair(certificate, key)) throw new UnusableTls('the key is not that of the certificate');
    return {
      options,
      expiresAt: Date.parse(new X509Certificate(certificate).validTo),
      contents: [certificate, key, ca ?? ''].join('\0'),
    };
  } catch (error) {
    if (error instanceof UnusableTls) throw error;
    throw new UnusableTls(error instanceof Error ? error.message : 'unreadable', { cause: error });
  }
};

export class TlsCredentials {
  readonly #source: TlsSource;
  readonly #log: ListenerLog;
  readonly #policy: TlsPolicy;
  #loaded: Loaded | undefined;
  #problem: string | undefined;
  #warnedAt = -Infinity;
  #timer: NodeJS.Timeout | undefined;

  private constructor(source: TlsSource, log: ListenerLog, policy: TlsPolicy) {
    this.#source = source;
    this.#log = log;
    this.#policy = policy;
  }

  /** After the first reading, whatever came of it: {@link problem} tells. */
  static async load(
    source: TlsSource,
    log: ListenerLog,
    policy: TlsPolicy = {},
  ): Promise<TlsCredentials> {
    const credentials = new TlsCredentials(source, log, policy);
    await credentials.#read();
    return credentials;
  }

  /** Undefined while there is no certificate. */
  get options(): SecureContextOptions | undefined {
    return this.#loaded?.options;
  }

  /** Why what was read last is not in use; undefined when it is. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Whether clients without a certificate of the CA are turned away. */
  get clientCertificateRequired(): boolean {
    return this.options?.ca !== undefined;
  }

  /** Milliseconds since the epoch. */
  get expiresAt(): number | undefined {
    return this.#loaded?.expiresAt;
  }

  /** Whole days until the certificate expires; negative afterwards. */
  get daysLeft(): number | undefined {
    return this.#loaded && Math.floor((this.#loaded.expiresAt - Date.now()) / DAY_MS);
  }

  /** Reads again and again until {@link close}; `onChange` is told of each certificate that comes into use. */
  watch(onChange: (options: SecureContextOptions) => void): void {
    const { intervalMs } = this.#source;
    const pauseMs =
      this.#problem === undefined ? intervalMs : Math.min(intervalMs, UNUSABLE_INTERVAL_MS);
    const timer = setTimeout(() => {
      void this.#read().then((changed) => {
        if (this.#timer !== timer) return;
        if (changed && this.options !== undefined) {
          onChange(this.options);
          this.#log.info('a certificate came into use', { daysLeft: this.daysLeft ?? 0 });
        }
        this.watch(onChange);
      });
    }, pauseMs);
    timer.unref();
    this.#timer = timer;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Whether there are other credentials now; does not reject. */
  async #read(): Promise<boolean> {
    try {
      const loaded = await load(this.#source, this.#policy);
      this.#problem = undefined;
      const changed = loaded.contents !== this.#loaded?.contents;
      if (changed) {
        this.#loaded = loaded;
        this.#warnedAt = -Infinity;
      }
      this.#warn();
      return changed;
    } catch (error) {
      const problem = error instanceof UnusableTls ? error.message : errorName(error);
      // Half of a renewal may be there for a moment: said once, and the next reading may mend it.
      if (problem !== this.#problem) this.#log.error(this.#consequence, { problem });
      this.#problem = problem;
      this.#warn();
      return false;
    }
  }

  get #consequence(): string {
    return this.#loaded === undefined
      ? 'the TLS port is closed: it has no usable certificate'
      : 'the renewed certificate is not usable; the old one stays';
  }

  #warn(): void {
    const { daysLeft } = this;
    if (daysLeft === undefined || daysLeft >= WARNING_DAYS) return;
    if (Date.now() - this.#warnedAt < DAY_MS) return;
    this.#warnedAt = Date.now();
    this.#log.warn('the certificate expires soon', { daysLeft });
  }
}
