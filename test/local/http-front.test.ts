import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startHttpFront, type HttpFront } from '../../local/http-front.ts';
import { freePort } from '../support/free-port.ts';

let api: Server;
let front: HttpFront;
let address: string;
const seen: IncomingMessage[] = [];

const API = 'http://a1.execute-api.127.0.0.1:4566';

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

beforeEach(async () => {
  seen.length = 0;
  api = createServer((request, response) => {
    seen.push(request);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      response.writeHead(201, { 'gantry-test': 'passed on' }).end(Buffer.concat(chunks));
    });
  });
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
  const port = await freePort();
  front = await startHttpFront('127.0.0.1', port, portOf(api));
  address = `http://127.0.0.1:${port}`;
});
afterEach(async () => {
  await front.close();
  api.closeAllConnections();
  api.close();
});

describe('the API’s address', () => {
  it('says that Gantry is starting until the API is there', async () => {
    const response = await fetch(`${address}/api/v1/health`);

    expect(response.status).toBe(503);
    expect(response.headers.get('refresh')).toBe('2');
    expect(await response.json()).toEqual({ status: 'starting' });
  });

  it('hands requests on under the host name by which the emulator knows the API', async () => {
    front.ready({ api: API, console: API });

    const response = await fetch(`${address}/api/v1/sources/A%20B?limit=2`, {
      method: 'PUT',
      body: 'a body',
    });

    expect(response.status).toBe(201);
    expect(response.headers.get('gantry-test')).toBe('passed on');
    expect(await response.text()).toBe('a body');
    expect(seen[0]).toMatchObject({ method: 'PUT', url: '/api/v1/sources/A%20B?limit=2' });
    expect(seen[0]?.headers.host).toBe('a1.execute-api.127.0.0.1:4566');
  });

  it.each([
    ['/', 'console.test:4566'],
    ['/?from=a-mail', 'console.test:4566'],
    ['/console/main.js', 'console.test:4566'],
    ['/api/v1/status', 'a1.execute-api.127.0.0.1:4566'],
    ['/consoles', 'a1.execute-api.127.0.0.1:4566'],
  ])('asks for %s under the host name %s', async (path, host) => {
    front.ready({ api: API, console: 'http://console.test:4566/' });

    await fetch(`${address}${path}`);

    expect(seen[0]?.headers.host).toBe(host);
  });

  it('serves pages of its own address, and no other site’s', async () => {
    front.ready({ api: API, console: API });
    const post = (origin: string) =>
      fetch(`${address}/api/v1/groups/g/release`, { method: 'POST', headers: { origin } });

    const own = await post(address);
    const other = await post('https://elsewhere.example');

    expect(own.status).toBe(201);
    expect(other.status).toBe(403);
    expect(seen).toHaveLength(1);
    expect(seen[0]?.headers.origin).toBeUndefined();
  });

  it.each([
    ['127.0.0.1', 201],
    ['127.0.0.1:8080', 201],
    ['localhost:8080', 201],
    ['[::1]:8080', 201],
    ['elsewhere.example:8080', 403],
    ['127.0.0.1.elsewhere.example', 403],
  ])('called %s, answers with %i: a name of another site may lead here', async (host, status) => {
    front.ready({ api: API, console: API });
    const sent = request(`${address}/api/v1/groups`, { headers: { host } });
    sent.end();

    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    response.resume();

    expect(response.statusCode).toBe(status);
    expect(seen).toHaveLength(status === 201 ? 1 : 0);
  });

  it('says so when the emulator does not answer', async () => {
    front.ready({ api: API, console: API });
    api.close();
    api.closeAllConnections();

    const response = await fetch(`${address}/api/v1/health`);

    expect(response.status).toBe(502);
  });
});
