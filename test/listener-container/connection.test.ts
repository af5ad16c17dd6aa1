/** A connection as an association sees it, over real TCP: all bytes, in order, and in slabs. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  acceptedConnection,
  copyingConnection,
  type Connection,
} from '../../listener-container/association/connection.ts';
import { SocketBuffers } from '../../listener-container/association/socket-buffers.ts';
import { slabOf, SlabPool } from '../../listener-container/memory/slabs.ts';

const SENT = Buffer.from(Uint32Array.from({ length: 2_000_000 }, (_, index) => index * 7).buffer);
const GREETING = 'said at once';
const ANSWER = 'the answer';

type Accept = (accepted: Socket, pool: SlabPool, buffers: SocketBuffers) => Connection;

/** One connection, its two ends, and what the first one has received. */
const connected = async (accept: Accept, pauseOnConnect: boolean) => {
  let collections = 0;
  const buffers = new SocketBuffers(() => {
    collections += 1;
  });
  const pool = new SlabPool(2, (slab) => slab.bytes.fill(0xdd));
  const server = createServer({ allowHalfOpen: true, pauseOnConnect });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const received: Buffer[] = [];
  const strangers: Buffer[] = [];
  const accepted = new Promise<Connection>((resolve) => {
    server.once('connection', (socket: Socket) => {
      const connection = accept(socket, pool, buffers);
      connection.receive({
        take: (piece) => {
          received.push(Buffer.from(piece));
          if (slabOf(piece) === undefined) strangers.push(piece);
        },
        get inMessage() {
          return received.length > 0;
        },
      });
      resolve(connection);
    });
  });
  const peer = connect({
    port: (server.address() as AddressInfo).port,
    host: '127.0.0.1',
    allowHalfOpen: true,
  });
  peer.write(GREETING);
  const { socket } = await accepted;
  onTestFinished(() => {
    peer.destroy();
    socket.destroy();
    server.close();
  });
  return {
    ...{ server, peer, socket, strangers },
    bytes: () => Buffer.concat(received),
    collections: () => collections,
  };
};

const counted = (server: Awaited<ReturnType<typeof connected>>['server']): Promise<number> =>
  new Promise((resolve, reject) => {
    server.getConnections((error, count) => {
      if (error === null) resolve(count);
      else reject(error);
    });
  });

describe.each<[string, Accept, boolean]>([
  ['that Node reads into slabs', acceptedConnection, true],
  ['whose bytes are copied', copyingConnection, false],
])('a connection %s', (_what, accept, pauseOnConnect) => {
  it('brings every byte in order, in slabs, up to the end of the half that the peer closes', async () => {
    const { peer, socket, bytes, strangers } = await connected(accept, pauseOnConnect);
    peer.end(SENT);
    await once(socket, 'end');

    expect(bytes().equals(Buffer.concat([Buffer.from(GREETING), SENT]))).toBe(true);
    // What came before anybody knew that more would.
    expect(Buffer.concat(strangers).toString()).toContain(GREETING);
    expect(Buffer.concat(strangers).length).toBeLessThan(5000);
    socket.end(ANSWER);
    const [said] = (await once(peer, 'data')) as [Buffer];
    expect(said.toString()).toBe(ANSWER);
  });

  it('reads nothing while it is paused, and goes on afterwards', async () => {
    const { peer, socket, bytes } = await connected(accept, pauseOnConnect);
    socket.pause();
    const before = bytes().length;
    const sent = new Promise<void>((resolve) => {
      peer.write(SENT, () => {
        resolve();
      });
    });
    // What the systems hold for both ends is less than this.
    const first = await Promise.race([sent.then(() => 'sent'), nothingMoves(peer)]);
    expect(first).toBe('stuck');
    expect(bytes()).toHaveLength(before);

    socket.resume();
    await sent;
    peer.end();
    await once(socket, 'end');
    expect(bytes()).toHaveLength(GREETING.length + SENT.length);
  });

  it('is counted by its server until it is closed', async () => {
    const { server, peer, socket } = await connected(accept, pauseOnConnect);
    expect(await counted(server)).toBe(1);
    expect(socket.remoteAddress).toBe('127.0.0.1');

    socket.on('error', () => undefined);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    peer.resetAndDestroy();
    await closed;
    server.close();
    await once(server, 'close');
  });
});

/** When the sender's own buffer has not got smaller for a while. */
const nothingMoves = async (peer: Socket): Promise<'stuck'> => {
  for (let last = -1; last !== peer.bytesWritten - peer.writableLength;) {
    last = peer.bytesWritten - peer.writableLength;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return 'stuck';
};

it('is read without a buffer for each read, for which this Node has to be one whose handles can be moved', async () => {
  const direct = await connected(acceptedConnection, true);
  direct.peer.end(SENT);
  await once(direct.socket, 'end');
  const copied = await connected(copyingConnection, false);
  copied.peer.end(SENT);
  await once(copied.socket, 'end');

  expect(direct.collections()).toBe(0);
  expect(copied.collections()).toBeGreaterThan(2);
});
