/** Session files that are larger than one may be: refused before they fill the runner's disk. */
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ObjectStore } from '../../../core/contracts/ports.ts';
import { answerJson, Refused } from '../../../worker-container/endpoint/exchange.ts';
import { fileRoutes } from '../../../worker-container/endpoint/file-routes.ts';
import { senderPeer, type JobAccess } from '../../../worker-container/endpoint/job-access.ts';
import { sessionEntries } from '../../../worker-container/endpoint/session-entries.ts';

const MAX_BYTES = 100_000;

let spoolFolder: string;
let server: Server;
let stored: number[];

beforeEach(async () => {
  spoolFolder = await mkdtemp(join(tmpdir(), 'gantry-spool-'));
  stored = [];
  const access: JobAccess = {
    ...{ sessionId: 's1', jobId: 's1-n00001', writer: { nodeId: 'n00001', attempt: 1 } },
    ...{ jobName: 'report', event: 'stable-study', objectId: '1', eventOfObject: new Map() },
    ...{ series: new Map(), peer: senderPeer('0123', 'CT01'), spoolFolder },
  };
  const objects = {
    put: (_key: string, _body: unknown, { length }: { length: number }) => {
      stored.push(length);
      return Promise.resolve();
    },
  } as unknown as ObjectStore;
  const entries = sessionEntries({
    putValue: () => Promise.resolve('done'),
  } as unknown as Parameters<typeof sessionEntries>[0]);
  const routes = fileRoutes(entries, objects, () => 0, MAX_BYTES);
  const none = { meta: undefined, contentType: undefined, ext: undefined };
  server = createServer((incoming, response) => {
    routes.document(incoming, response, access, { name: 'mask' }, none).catch((error: unknown) => {
      answerJson(response, error instanceof Refused ? error.status : 500, {});
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(spoolFolder, { recursive: true });
});

const put = (headers: Record<string, number>) =>
  request({ port: (server.address() as AddressInfo).port, method: 'PUT', headers });

it('stores a file that is as large as one may be', async () => {
  const sent = put({ 'content-length': MAX_BYTES });
  sent.end(Buffer.alloc(MAX_BYTES));
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();

  expect(response.statusCode).toBe(200);
  expect(stored).toEqual([MAX_BYTES]);
});

it('refuses a larger one at its announcement', async () => {
  const sent = put({ 'content-length': MAX_BYTES + 1 });
  sent.flushHeaders();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  sent.destroy();

  expect(response.statusCode).toBe(413);
  expect(stored).toEqual([]);
});

it('reads no more than that of one that was not announced, and leaves nothing on the disk', async () => {
  const sent = put({});
  const endless = Readable.from(
    (function* () {
      for (;;) yield Buffer.alloc(10_000);
    })(),
  );
  endless.pipe(sent);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  endless.destroy();
  sent.destroy();

  expect(response.statusCode).toBe(413);
  expect(stored).toEqual([]);
  expect(await readdir(spoolFolder)).toEqual([]);
});
