/**
 * Room at a port for those who have something to say. Its connections are bounded; before they are all taken, the
 * oldest gives way that has not sent a byte for a second, so that who only connects, in whatever numbers, keeps
 * nobody else out.
 */
import type { DropArgument, Server, Socket } from 'node:net';
import { unnamedAttempt, type RefusalLog } from './admission/admission-policy.ts';
import { plainAddress } from './admission/hosts.ts';
import type { ListenerLog } from './listener-log.ts';
import type { ListenerObserver } from './observation/observer.ts';

/** Taken beyond the maximum until it is seen who gives way. */
const IN_THE_DOOR = 8;

/** Who has connected just now may have sent what was not read yet. */
const SILENT_MS = 1000;

export interface ConnectionRoomOptions {
  readonly maximum: number;
  readonly refusals: RefusalLog;
  readonly log: ListenerLog;
  readonly observer?: ListenerObserver | undefined;
}

/** At the port of a server that takes connections of TCP, also those that become TLS. */
export class ConnectionRoom {
  readonly #options: ConnectionRoomOptions;
  /** With the time of its connection; the oldest first. */
  readonly #open = new Map<Socket, number>();

  constructor(server: Server, options: ConnectionRoomOptions) {
    this.#options = options;
    server.maxConnections = options.maximum + IN_THE_DOOR;
    server.on('drop', (dropped?: DropArgument) => {
      this.#refused(dropped?.remoteAddress);
    });
  }

  /** Whether there is room for it; else it is closed. The socket is the one that is read. */
  enter(socket: Socket): boolean {
    this.#open.set(socket, performance.now());
    socket.once('close', () => this.#open.delete(socket));
    if (this.#open.size <= this.#options.maximum) return true;
    const leaving = this.#silent();
    if (leaving === undefined) {
      this.#refused(socket.remoteAddress);
      socket.destroy();
      return false;
    }
    this.#options.log.warn('a connection that never sent anything gave way to another', {
      remoteAddress: plainAddress(leaving.remoteAddress ?? ''),
    });
    leaving.destroy();
    return true;
  }

  #silent(): Socket | undefined {
    const before = performance.now() - SILENT_MS;
    for (const [socket, openedAt] of this.#open) {
      if (openedAt > before) return undefined;
      if (socket.bytesRead === 0 && !socket.destroyed) return socket;
    }
    return undefined;
  }

  #refused(address = ''): void {
    const { maximum, refusals, log, observer } = this.#options;
    const remoteAddress = plainAddress(address);
    log.warn('a connection was refused: there are too many', { remoteAddress });
    observer?.connectionRefused(remoteAddress);
    void refusals.record(unnamedAttempt(remoteAddress), {
      code: 'connection-refused',
      message:
        `${remoteAddress} was not let in: the port has ${maximum} connections, more than there may be ` +
        'associations. The sender may try again. If they are all needed, allow more associations at once.',
    });
  }
}
