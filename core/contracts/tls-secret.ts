/** The secret of the listener's TLS port, as JSON. `gantry tls-secret` writes it, the listener reads it. */
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { z } from 'zod';

export const TlsSecret = z.object({
  /** The listener's certificate, then those that lead to its authority; PEM. */
  certificate: z.string().min(1),
  /** Of the first certificate, without a passphrase; PEM. */
  key: z.string().min(1),
  /** Who issues clients' certificates; PEM. With it, clients need one. */
  ca: z.string().min(1).optional(),
});
export type TlsSecret = z.infer<typeof TlsSecret>;

/**
 * Whether the key is that of the certificate; PEM. Throws what OpenSSL says of what is no key or no certificate. A secure
 * context alone does not tell: OpenSSL has a place for an RSA pair and another for an EC pair, and takes half of each.
 */
export const isPair = (certificate: string, key: string): boolean =>
  new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));

/** A certificate to its end, or to where the text breaks off. */
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^]*?(?:-----END CERTIFICATE-----|$)/g;

/**
 * Whether there is at least one certificate, and each can be read; PEM. A secure context takes any text for an authority,
 * and one of which half is written yet would turn every client away.
 */
export const areCertificates = (pem: string): boolean => {
  try {
    const certificates = (pem.match(CERTIFICATE) ?? []).map((text) => new X509Certificate(text));
    return certificates.length > 0;
  } catch {
    return false;
  }
};
