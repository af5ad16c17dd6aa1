/** An S3 address that takes every object and forgets it: the listener's own memory is all that is left to measure. */
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

export interface DiscardingBucket {
  readonly endpoint: string;
  /** Bytes that all requests together have brought. */
  readonly receivedBytes: number;
  stop(): void;
}

export const startDiscardingBucket = async (): Promise<DiscardingBucket> => {
  let receivedBytes = 0;
  const server = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => {
      receivedBytes += chunk.length;
    });
    request.on('end', () => {
      response.writeHead(200, { etag: '"discarded"' }).end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    get receivedBytes() {
      return receivedBytes;
    },
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
};
