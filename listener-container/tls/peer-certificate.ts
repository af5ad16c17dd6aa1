/** Which client certificate a connection has, as sources name it: SHA-256 of its DER form in lower-case hex. */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** As people and tools write it: any case, with or without colons. */
export const plainFingerprint = (text: string): string =>
  text.replaceAll(/[^0-9A-Fa-f]/g, '').toLowerCase();

/** Undefined without TLS, or without a client certificate. The handshake has proved that the peer has its key. */
export const peerFingerprint = (socket: Socket): string | undefined => {
  if (!(socket instanceof TLSSocket)) return undefined;
  const { fingerprint256 } = socket.getPeerCertificate() as { fingerprint256?: string };
  return fingerprint256 === undefined ? undefined : plainFingerprint(fingerprint256);
};
