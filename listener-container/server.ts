/**
 * The DIMSE ports, plain and TLS: accept connections, make an association of each, and stop in an orderly way:
 * whoever has begun may finish within a limit, whoever comes is turned away for the time being.
 */
import { createServer, type Server } from 'node:net';
import { Association } from './association/association.ts';
import type { AssociationLimits } from './association/association-ports.ts';
import {
  acceptedConnection,
  copyingConnection,
  type Connection,
} from './association/connection.ts';
import { ReceptionDesk } from './association/reception-desk.ts';
import { SocketBuffers } from './association/socket-buffers.ts';
import { ConnectionRoom } from './connection-room.ts';
import type { AdmissionPolicy, RefusalLog } from './admission/admission-policy.ts';
import type { ListenerLog } from './listener-log.ts';
import { SlabPool } from './memory/slabs.ts';
import type { ListenerObserver } from './observation/observer.ts';
import type { CommitmentService } from './services/commitment/commitment-service.ts';
import type { InstanceReceiver } from './services/instance-receiver.ts';
import { bind, portOf, unbind } from './tcp-server.ts';
import { SecurePort } from './tls/secure-port.ts';
import type { TlsCredentials } from './tls/tls-credentials.ts';

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
  /** What its connections are read into; default: a pool of its own. */
  readonly slabs?: SlabPool;
}

/**
 * Modalities keep an association open while they make the next images, for minutes; the load balancer in front
 * has more patience than this, so that it is always the listener that ends an association, and says so.
 */
export const DEFAULT_LIMITS: AssociationLimits = { artimMs: 30_000, idleMs: 300_000 };

/** Connections that have not asked for an association yet; ARTIM ends them, or sooner who needs their place. */
const CONNECTIONS_WITHOUT_ASSOCIATION = 64;

/**
 * 64 MiB, more than sixteen large instances at a time need: a slab that is not kept is garbage, which V8 is slow to
 * see.
 */
const KEPT_SLABS = 128;

const KEEP_ALIVE_MS = 60_000;

/** How long an aborted peer may take to read why. */
const AFTER_ABORT_MS = 500;

const SOCKET_OPTIONS = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: KEEP_ALIVE_MS,
} as const;

export class Listener {
  readonly #plain: Server;
  #secure: SecurePort | undefined;
  readonly #options: ListenerOptions;
  readonly #desk: ReceptionDesk;
  readonly #associations = new Set<Association>();
  readonly #buffers = new SocketBuffers();
  readonly #slabs: SlabPool;

  private constructor(options: ListenerOptions) {
    this.#options = options;
    this.#desk = new ReceptionDesk(options);
    this.#slabs = options.slabs ?? new SlabPool(KEPT_SLABS);
    // A peer that has said its last word may still wait for answers; with TLS the end of one half is that of both.
    this.#plain = createServer({ ...SOCKET_OPTIONS, allowHalfOpen: true, pauseOnConnect: true });
    const room = new ConnectionRoom(this.#plain, { ...options, maximum: this.#maxConnections });
    this.#plain.on('connection', (accepted) => {
      const connection = acceptedConnection(accepted, this.#slabs, this.#buffers);
      if (room.enter(connection.socket)) this.#associate(connection);
    });
  }

  /**
   * Resolves when the ports are bound; rejects with what the system said. The TLS port is bound later if there is no
   * certificate yet.
   */
  static async start(options: ListenerOptions): Promise<Listener> {
    const listener = new Listener(options);
    await bind(listener.#plain, options.host, options.port);
    try {
      if (options.tls !== undefined) await listener.#openSecurePort(options.tls);
    } catch (error) {
      await unbind(listener.#plain);
      throw error;
    }
    return listener;
  }

  get port(): number {
    return portOf(this.#plain);
  }

  /** Undefined without TLS, and while there is no certificate. */
  get tlsPort(): number | undefined {
    return this.#secure?.port;
  }

  /** Whether its ports are open; the TLS port need not be while it has no certificate. */
  get listening(): boolean {
    return this.#plain.listening && (this.#secure?.asItShouldBe ?? true);
  }

  get associations(): number {
    return this.#desk.present;
  }

  /** Resolves when the ports are free; `graceMs` is what running associations have left. */
  async stop(graceMs: number): Promise<void> {
    this.#desk.close();
    await this.#desk.quiet(graceMs);
    const closed = Promise.all([unbind(this.#plain), this.#secure?.close()]);
    for (const association of this.#associations) association.abort();
    const cut = setTimeout(() => {
      for (const association of this.#associations) association.destroy();
    }, AFTER_ABORT_MS);
    await closed;
    clearTimeout(cut);
  }

  get #maxConnections(): number {
    return this.#options.maximumAssociations + CONNECTIONS_WITHOUT_ASSOCIATION;
  }

  async #openSecurePort(tls: NonNullable<ListenerOptions['tls']>): Promise<void> {
    const { host, limits, log, observer, refusals } = this.#options;
    this.#secure = await SecurePort.open({
      ...{ host, ...tls, log, observer, refusals },
      socketOptions: SOCKET_OPTIONS,
      maxConnections: this.#maxConnections,
      handshakeMs: limits.artimMs,
      onConnection: (socket) => {
        this.#associate(copyingConnection(socket, this.#slabs, this.#buffers));
      },
    });
  }

  #associate(connection: Connection): void {
    const association = new Association(connection, {
      ...this.#options,
      reception: this.#desk,
    });
    this.#associations.add(association);
    connection.socket.on('close', () => {
      this.#associations.delete(association);
    });
  }
}
