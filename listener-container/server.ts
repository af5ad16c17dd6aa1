/**
 * The DIMSE port: accepts connections, makes an association of each, and stops in an orderly way: whoever
 * has begun may finish within a limit, whoever comes is turned away for the time being.
 */
import { createServer, type Server } from 'node:net';
import { Association, type AssociationLimits } from './association/association.ts';
import { ReceptionDesk } from './association/reception-desk.ts';
import type { AdmissionPolicy, RefusalLog } from './admission/admission-policy.ts';
import type { ListenerLog } from './listener-log.ts';
import type { CommitmentService } from './services/commitment/commitment-service.ts';
import type { InstanceReceiver } from './services/instance-receiver.ts';

export interface ListenerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly maximumAssociations: number;
  readonly limits: AssociationLimits;
  readonly policy: AdmissionPolicy;
  readonly refusals: RefusalLog;
  readonly receiver: InstanceReceiver;
  /** Without it, Storage Commitment is not offered. */
  readonly commitment?: CommitmentService;
  readonly log: ListenerLog;
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

export class Listener {
  readonly #server: Server;
  readonly #desk: ReceptionDesk;
  readonly #associations = new Set<Association>();

  private constructor(options: ListenerOptions) {
    this.#desk = new ReceptionDesk(options);
    this.#server = createServer({
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
    });
    this.#server.maxConnections = options.maximumAssociations + CONNECTIONS_WITHOUT_ASSOCIATION;
    this.#server.on('connection', (socket) => {
      const association = new Association(socket, { ...options, reception: this.#desk });
      this.#associations.add(association);
      socket.on('close', () => {
        this.#associations.delete(association);
      });
    });
  }

  /** Resolves when the port is bound; rejects with what the system said. */
  static async start(options: ListenerOptions): Promise<Listener> {
    const listener = new Listener(options);
    await new Promise<void>((resolve, reject) => {
      listener.#server.once('error', reject);
      listener.#server.listen(options.port, options.host, () => {
        listener.#server.off('error', reject);
        resolve();
      });
    });
    return listener;
  }

  get port(): number {
    const address = this.#server.address();
    return address === null || typeof address === 'string' ? 0 : address.port;
  }

  get listening(): boolean {
    return this.#server.listening;
  }

  get associations(): number {
    return this.#desk.present;
  }

  /** Resolves when the port is free; `graceMs` is what running associations have left. */
  async stop(graceMs: number): Promise<void> {
    this.#desk.close();
    await this.#desk.quiet(graceMs);
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    for (const association of this.#associations) association.abort();
    const cut = setTimeout(() => {
      for (const association of this.#associations) association.destroy();
    }, AFTER_ABORT_MS);
    await closed;
    clearTimeout(cut);
  }
}
