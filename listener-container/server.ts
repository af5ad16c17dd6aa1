/**
 * The DIMSE ports, plain and TLS: accept connections, make an association of each, and stop in an orderly way:
 * whoever has begun may finish within a limit, whoever comes is turned away for the time being.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import { Association } from './association/association.ts';
import type { AssociationLimits } from './association/association-ports.ts';
import { ReceptionDesk } from './association/reception-desk.ts';
import { plainAddress } from './admission/hosts.ts';
import type { AdmissionPolicy, RefusalLog } from './admission/admission-policy.ts';
import type { ListenerLog } from './listener-log.ts';
import type { ListenerObserver } from './observation/observer.ts';
import type { CommitmentService } from './services/commitment/commitment-service.ts';
import type { TlsCredentials } from './tls/tls-credentials.ts';
import type { InstanceReceiver } from './services/instance-receiver.ts';

export interface ListenerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** A second port for DICOM over TLS (PS3.15 annex B). */
  readonly tls?: { readonly port: number; readonly credentials: TlsCredentials } | undefined;
  readonly maximumAssociations: number;
  readonly limits: AssociationLimits;
  readonly policy: AdmissionPolicy;
  readonly refusals: RefusalLog;
  readonly receiver: InstanceReceiver;
  /** Without it, Storage Commitment is not offered. */
  readonly commitment?: CommitmentService;
  readonly log: ListenerLog;
  readonly observer?: ListenerObserver;
}

/**
 * Modalities keep an association open while they make the next images, for minutes; the load balancer in front
 * has more patience than this, so that it is always the listener that ends an association, and says so.
 */
export const DEFAULT_LIMITS: AssociationLimits = { artimMs: 30_000, idleMs: 300_000 };

/** Connections that have not asked for an association yet; ARTIM ends them. Beyond, they are not accepted. */
const CONNECTIONS_WITHOUT_ASSOCIATION = 64;

const KEEP_ALIVE_MS = 60_000;

/** How long an aborted peer may take to read why. */
const AFTER_ABORT_MS = 500;

const bind = (server: Server, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });

const unbind = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
  });

const portOf = (server: Server): number => {
  const address = server.address();
  return address === null || typeof address === 'string' ? 0 : address.port;
};

const SOCKET_OPTIONS = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: KEEP_ALIVE_MS,
} as const;

/** Every client is asked for its certificate, which a source may be bound to; with a CA it has to have one. */
const secureServer = (
  credentials: TlsCredentials,
  { limits, log, observer }: ListenerOptions,
): TlsServer => {
  const server = createTlsServer({
    ...SOCKET_OPTIONS,
    ...credentials.options,
    requestCert: true,
    rejectUnauthorized: credentials.clientCertificateRequired,
    handshakeTimeout: limits.artimMs,
  });
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    observer?.handshakeFailed(plainAddress(socket.remoteAddress ?? ''));
    log.warn('a TLS handshake failed', {
      remoteAddress: socket.remoteAddress ?? '',
      code: error.code ?? error.name,
    });
  });
  credentials.watch((options) => {
    server.setSecureContext(options);
  });
  return server;
};

export class Listener {
  readonly #plain: Server;
  readonly #secure: TlsServer | undefined;
  readonly #options: ListenerOptions;
  readonly #desk: ReceptionDesk;
  readonly #associations = new Set<Association>();

  private constructor(options: ListenerOptions) {
    this.#options = options;
    this.#desk = new ReceptionDesk(options);
    this.#plain = createServer(SOCKET_OPTIONS);
    this.#plain.on('connection', (socket) => {
      this.#associate(socket);
    });
    if (options.tls !== undefined) {
      this.#secure = secureServer(options.tls.credentials, options);
      this.#secure.on('secureConnection', (socket) => {
        socket.disableRenegotiation();
        this.#associate(socket);
      });
    }
    for (const server of this.#servers) {
      server.maxConnections = options.maximumAssociations + CONNECTIONS_WITHOUT_ASSOCIATION;
    }
  }

  /** Resolves when the ports are bound; rejects with what the system said. */
  static async start(options: ListenerOptions): Promise<Listener> {
    const listener = new Listener(options);
    await bind(listener.#plain, options.host, options.port);
    try {
      if (listener.#secure !== undefined && options.tls !== undefined) {
        await bind(listener.#secure, options.host, options.tls.port);
      }
    } catch (error) {
      await unbind(listener.#plain);
      throw error;
    }
    return listener;
  }

  get port(): number {
    return portOf(this.#plain);
  }

  /** Undefined without TLS. */
  get tlsPort(): number | undefined {
    return this.#secure === undefined ? undefined : portOf(this.#secure);
  }

  get listening(): boolean {
    return this.#servers.every(({ listening }) => listening);
  }

  get associations(): number {
    return this.#desk.present;
  }

  /** Resolves when the ports are free; `graceMs` is what running associations have left. */
  async stop(graceMs: number): Promise<void> {
    this.#desk.close();
    await this.#desk.quiet(graceMs);
    this.#options.tls?.credentials.close();
    const closed = Promise.all(this.#servers.map(unbind));
    for (const association of this.#associations) association.abort();
    const cut = setTimeout(() => {
      for (const association of this.#associations) association.destroy();
    }, AFTER_ABORT_MS);
    await closed;
    clearTimeout(cut);
  }

  get #servers(): readonly Server[] {
    return this.#secure === undefined ? [this.#plain] : [this.#plain, this.#secure];
  }

  #associate(socket: Socket): void {
    const association = new Association(socket, { ...this.#options, reception: this.#desk });
    this.#associations.add(association);
    socket.on('close', () => {
      this.#associations.delete(association);
    });
  }
}
