/**
 * Room at a port for those who have something to say. Its connections are bounded; before they are all taken, the oldest
 * gives way that has not sent a byte for a second, so that who only connects, in whatever numbers, keeps nobody else out.
 */
import type { DropArgument, Server, Socket } from 'node:net';
import type { RefusalLog } from './admission/admission-policy.ts';
import { plainAddress } from './admission/hosts.ts';
import type { ListenerLog } from './listener-log.ts';
import type { ListenerObserver } from './observation/observer.ts';

/** Taken beyond the maximum until it is seen who gives way. */
const IN_THE_DOOR = 8;

/** Who has connected just now may have sent what was not read yet. */
const SILENT_MS = 1000;

export interface ConnectionRoom {
  readonly maximum: number;
  readonly refusals: RefusalLog;
  readonly log: ListenerLog;
  readonly observer?: ListenerObserver | undefined;
}

/** Of a server that takes connections of TCP, also those that become TLS; to be called before it has other listeners. */
export const keepRoom = (
  server: Server,
  { maximum, refusals, log, observer }: ConnectionRoom,
): void => {
  /** With the time of its connection; the oldest first. */
  const open = new Map<Socket, number>();

  const silent = (): Socket | undefined => {
    const before = performance.now() - SILENT_MS;
    for (const [socket, openedAt] of open) {
      if (openedAt > before) return undefined;
      if (socket.bytesRead === 0 && !socket.destroyed) return socket;
    }
    return undefined;
  };

  const refused = (address = ''): void => {
    const remoteAddress = plainAddress(address);
    log.warn('a connection was refused: there are too many', { remoteAddress });
    observer?.connectionRefused(remoteAddress);
    void refusals.record(
      { calledAeTitle: '', callingAeTitle: '', remoteAddress },
      {
        code: 'connection-refused',
        message:
          `${remoteAddress} was not let in: the port has ${maximum} connections, more than there may be ` +
          'associations. The sender may try again. If they are all needed, allow more associations at once.',
      },
    );
  };

  server.maxConnections = maximum + IN_THE_DOOR;
  server.on('connection', (socket: Socket) => {
    open.set(socket, performance.now());
    socket.once('close', () => open.delete(socket));
    if (open.size <= maximum) return;
    const leaving = silent();
    if (leaving === undefined) {
      refused(socket.remoteAddress);
      socket.destroy();
      return;
    }
    log.warn('a connection that never sent anything gave way to another', {
      remoteAddress: plainAddress(leaving.remoteAddress ?? ''),
    });
    leaving.destroy();
  });
  server.on('drop', (dropped?: DropArgument) => {
    refused(dropped?.remoteAddress);
  });
};
