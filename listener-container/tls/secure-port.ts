/**
 * The port for DICOM over TLS: open as soon as there is a certificate, and a renewed one is shown to whoever connects
 * next. Every client is asked for its certificate, which a source may be bound to; with a CA it has to have one.
 */
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { SecureContextOptions } from 'node:tls';
import { unnamedAttempt, type RefusalLog } from '../admission/admission-policy.ts';
import { plainAddress } from '../admission/hosts.ts';
import { ConnectionRoom } from '../connection-room.ts';
import { errorName, type ListenerLog } from '../listener-log.ts';
import type { ListenerObserver } from '../observation/observer.ts';
import { bind, portOf, unbind } from '../tcp-server.ts';
import { handshakeRefusal, NO_CERTIFICATE } from './handshake-refusal.ts';
import { peerFingerprint } from './peer-certificate.ts';
import type { TlsCredentials } from './tls-credentials.ts';

export interface SecurePortOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly credentials: TlsCredentials;
  /** Of Node's TCP servers. */
  readonly socketOptions: { readonly noDelay: boolean; readonly keepAlive: boolean };
  readonly maxConnections: number;
  readonly handshakeMs: number;
  readonly onConnection: (socket: TLSSocket) => void;
  readonly refusals: RefusalLog;
  readonly log: ListenerLog;
  readonly observer?: ListenerObserver | undefined;
}

export class SecurePort {
  readonly #options: SecurePortOptions;
  #server: Server | undefined;
  #closed = false;

  private constructor(options: SecurePortOptions) {
    this.#options = options;
  }

  /** Resolves when it is open, or waits for a certificate; rejects with what the system said. */
  static async open(options: SecurePortOptions): Promise<SecurePort> {
    const port = new SecurePort(options);
    const { credentials, log } = options;
    if (credentials.options !== undefined) await port.#use(credentials.options);
    credentials.watch((renewed) => {
      port.#use(renewed).catch((error: unknown) => {
        log.error('the TLS port cannot be opened', { error: errorName(error) });
      });
    });
    return port;
  }

  /** Undefined while it is closed. */
  get port(): number | undefined {
    return this.#server === undefined ? undefined : portOf(this.#server);
  }

  /** Whether it is as it should be: open, unless there is no certificate. */
  get asItShouldBe(): boolean {
    return this.#server?.listening ?? this.#options.credentials.options === undefined;
  }

  /** Resolves when its last connection has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#options.credentials.close();
    if (this.#server !== undefined) await unbind(this.#server);
  }

  async #use(credentials: SecureContextOptions): Promise<void> {
    if (this.#server !== undefined) {
      this.#server.setSecureContext(credentials);
      return;
    }
    const { host, port } = this.#options;
    const server = this.#createServer(credentials);
    await bind(server, host, port);
    if (this.#closed) await unbind(server);
    else this.#server = server;
  }

  #createServer(credentials: SecureContextOptions): Server {
    const { socketOptions, handshakeMs, maxConnections, onConnection } = this.#options;
    const server = createServer({
      ...socketOptions,
      ...credentials,
      requestCert: true,
      // Asked below: a renewal may bring the first CA, or take the last one away.
      rejectUnauthorized: false,
      handshakeTimeout: handshakeMs,
    });
    const room = new ConnectionRoom(server, { ...this.#options, maximum: maxConnections });
    server.on('connection', (socket: Socket) => {
      room.enter(socket);
    });
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      this.#refused(socket, error.code ?? error.name);
    });
    server.on('secureConnection', (socket) => {
      socket.disableRenegotiation();
      if (this.#options.credentials.clientCertificateRequired && !socket.authorized) {
        const shown = peerFingerprint(socket) !== undefined;
        this.#refused(socket, shown ? String(socket.authorizationError) : NO_CERTIFICATE);
        socket.destroy();
        return;
      }
      onConnection(socket);
    });
    return server;
  }

  #refused(socket: TLSSocket, code: string): void {
    const { observer, log, refusals } = this.#options;
    const remoteAddress = plainAddress(socket.remoteAddress ?? '');
    observer?.handshakeFailed(remoteAddress);
    log.warn('a TLS handshake failed', { remoteAddress, code });
    const refusal = handshakeRefusal(remoteAddress, code);
    if (refusal === undefined) return;
    void refusals.record(unnamedAttempt(remoteAddress), refusal);
  }
}
