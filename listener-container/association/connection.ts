/**
 * A peer's connection, as an association sees it: a socket, and what is read from it as pieces of slabs. Node reads a
 * plain connection into them directly; what comes over TLS is copied there.
 */
import { Socket } from 'node:net';
import { ReadMemory } from '../memory/read-memory.ts';
import type { SlabPool } from '../memory/slabs.ts';
import type { SocketBuffers } from './socket-buffers.ts';

/** What an association does with its bytes. */
export interface Receiving {
  /** Whoever needs the piece after that has returned holds it: memory/slabs.ts. */
  take(piece: Buffer): void;
  /** Whether a message has begun whose end has not come: more bytes will follow soon. */
  readonly inMessage: boolean;
}

export interface Connection {
  readonly socket: Socket;
  /** To be called at once, and once. */
  receive(by: Receiving): void;
}

/** What is read of a socket by its own means, copied. */
export const copyingConnection = (
  socket: Socket,
  pool: SlabPool,
  buffers: SocketBuffers,
): Connection => ({
  socket,
  receive: (by) => {
    const memory = new ReadMemory(pool);
    socket.on('data', (chunk: Buffer) => {
      buffers.received(chunk.length);
      for (let at = 0; at < chunk.length;) {
        const copied = chunk.copy(memory.room(by.inMessage), 0, at);
        at += copied;
        by.take(memory.read(copied));
      }
    });
    socket.on('close', () => {
      memory.close();
    });
  },
});

/**
 * Of a connection that a server with `pauseOnConnect` has accepted. Node can read into memory that it is given
 * (`onread`) only where a socket is made of a handle, and has no public way to tell a server so: the accepted
 * socket's handle is given to another one. The first lives on without it until the second is closed, so that its
 * server counts it. In a Node where the handle is somewhere else, the connection is read and copied.
 */
export const acceptedConnection = (
  accepted: Socket,
  pool: SlabPool,
  buffers: SocketBuffers,
): Connection => {
  const holder = accepted as unknown as { _handle?: object | null };
  const handle = holder._handle;
  if (handle === undefined || handle === null) return copyingConnection(accepted, pool, buffers);
  holder._handle = null;
  const memory = new ReadMemory(pool);
  let by: Receiving = { take: () => undefined, inMessage: false };
  const socket = new Socket({
    handle,
    allowHalfOpen: true,
    onread: {
      buffer: () => memory.room(by.inMessage),
      callback: (bytes: number) => {
        by.take(memory.read(bytes));
        return true;
      },
    },
  } as ConstructorParameters<typeof Socket>[0]);
  socket.on('close', () => {
    memory.close();
    accepted.destroy();
  });
  return {
    socket,
    receive: (receiving) => {
      by = receiving;
    },
  };
};
