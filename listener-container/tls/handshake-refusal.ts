/**
 * Why a peer did not get through the TLS handshake, as a decision for people: whoever connected has named no AE title yet,
 * so this record is all that tells them.
 */
import type { Decision } from '../admission/admission-policy.ts';

/** Of what OpenSSL and Node say; what a peer does is in the first part, what to do about it in the second. */
const REASONS: Readonly<Record<string, string>> = {
  ERR_SSL_UNSUPPORTED_PROTOCOL:
    'it speaks an older version than TLS 1.2. Update its device: no setting changes this',
  ERR_SSL_NO_SHARED_CIPHER:
    'it offers no cipher suite that is spoken here. Let its device offer AES-GCM with ephemeral ECDH',
  ERR_SSL_HTTP_REQUEST: 'it speaks HTTP. Name another port to it',
  ERR_SSL_WRONG_VERSION_NUMBER:
    'it does not speak TLS. Switch TLS on in its settings, or name the plain port to it',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA:
    'it does not trust the certificate of this listener. Give it the CA of that certificate',
  ERR_TLS_HANDSHAKE_TIMEOUT: 'it did not finish in time. Ask whether its network is slow',
  CERT_HAS_EXPIRED: 'its certificate has expired. Renew it on its device',
};

/** `code` of a client without a certificate, where a CA asks for one. */
export const NO_CERTIFICATE = 'NO_CERTIFICATE';

const reasonOf = (code: string): string => {
  const known = REASONS[code];
  if (known !== undefined) return known;
  if (code === NO_CERTIFICATE) {
    return 'it has shown no certificate. Give its device one that the CA of this port has issued';
  }
  return code.startsWith('ERR_')
    ? `the two did not agree (${code}). What is spoken here is in docs/conformance.md, section 8.4`
    : `its certificate is not one of the CA of this port (${code}). Give its device one that is`;
};

/** A peer that left is none that was refused. */
const LEFT = new Set(['ECONNRESET', 'EPIPE']);

/** Undefined when nobody was refused. */
export const handshakeRefusal = (remoteAddress: string, code: string): Decision | undefined =>
  LEFT.has(code)
    ? undefined
    : {
        code: 'tls-refused',
        message: `${remoteAddress} called the TLS port, and there was no connection: ${reasonOf(code)}.`,
      };
