/** The connection to a peer: TCP, or TLS from the first byte (PS3.15 annex B). */
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** What is PEM text. The peer's certificate is verified in any case, its name or address too. */
export interface PeerTls {
  /** Vouches for the peer; default: the authorities that this computer trusts. */
  readonly ca?: string | undefined;
  /** Of this side, for a peer that asks for one; together with its key. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export interface PeerAddress {
  readonly host: string;
  readonly port: number;
  /** Default: without TLS. */
  readonly tls?: PeerTls;
}

/** Ready at `connect`, with TLS at `secureConnect`. */
export const openSocket = ({ host, port, tls }: PeerAddress): Socket => {
  if (tls === undefined) return connect({ host, port, noDelay: true });
  // A certificate may name an address, but a server name of the handshake may not be one (RFC 6066 section 3).
  const servername = isIP(host) === 0 ? host : '';
  return connectTls({ host, port, servername, ...tls }).setNoDelay(true);
};
