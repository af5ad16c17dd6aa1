/** The connection on which a report of storage commitment is sent: plain, or TLS if the source says so. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type SecureContextOptions } from 'node:tls';
import { peerFingerprint, plainFingerprint } from '../../tls/peer-certificate.ts';

/** Where a source listens, at the address that it calls from. */
export interface ReportTarget {
  readonly port: number;
  /** Undefined: plain TCP. */
  readonly tls?: ReportTls | undefined;
}

export interface ReportTls {
  /** Own certificate and key, and the site's CA. Without a CA, the computer's own list of them is asked. */
  readonly credentials: SecureContextOptions;
  /** SHA-256 of the certificates that the source may show; with none, the CA decides. */
  readonly fingerprints: readonly string[];
}

/** The peer has shown a certificate that is not one of its source. */
export class NotItsCertificate extends Error {
  override readonly name = 'NotItsCertificate';
  readonly code = 'not one of the certificates of its source';
}

const connectSecurely = (host: string, port: number, tls: ReportTls): Socket => {
  const { credentials, fingerprints } = tls;
  const pinned = fingerprints.map(plainFingerprint);
  const socket = connectTls({
    ...credentials,
    host,
    port,
    rejectUnauthorized: pinned.length === 0,
    // Modalities are known by address, which few certificates name: a site's own CA vouches for them as they are.
    ...(credentials.ca === undefined ? {} : { checkServerIdentity: () => undefined }),
  });
  socket.prependListener('secureConnect', () => {
    if (pinned.length === 0 || pinned.includes(peerFingerprint(socket) ?? '')) return;
    socket.destroy(new NotItsCertificate());
  });
  return socket.setNoDelay(true);
};

/** `onConnect` is called when messages may be sent. */
export const connectForReport = (
  { host, port, tls }: ReportTarget & { readonly host: string },
  onConnect: () => void,
): Socket => {
  if (tls === undefined) {
    return connect({ host, port, noDelay: true }).on('connect', onConnect);
  }
  const socket = connectSecurely(host, port, tls);
  return socket.on('secureConnect', () => {
    if (!socket.destroyed) onConnect();
  });
};
