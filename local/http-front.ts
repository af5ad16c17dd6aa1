/**
 * The API's address on this computer: hands every request to the emulator's HTTP API, which tells its APIs
 * apart by the Host header. Until the API is there, it answers 503.
 */
import { Agent, createServer, request, type Server } from 'node:http';

/** Hop-by-hop headers (RFC 9110, section 7.6.1) are between two neighbours and not passed on. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

export interface HttpFront {
  /** From now on requests are handed on to this endpoint of the emulator's. */
  ready(apiEndpoint: string): void;
  close(): Promise<void>;
}

const listen = (server: Server, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });

export const startHttpFront = async (
  host: string,
  port: number,
  awsPort: number,
): Promise<HttpFront> => {
  const agent = new Agent({ keepAlive: true });
  let apiHost: string | undefined;
  const server = createServer((incoming, outgoing) => {
    const refuse = (status: number, body: object): void => {
      if (outgoing.headersSent) {
        outgoing.destroy();
        return;
      }
      outgoing.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (apiHost === undefined) {
      incoming.resume();
      // A browser that is too early asks again by itself.
      outgoing.setHeader('refresh', '2');
      refuse(503, { status: 'starting' });
      return;
    }
    const passedOn = Object.entries(incoming.headers).filter(([name]) => !HOP_BY_HOP.has(name));
    const forwarded = request(
      {
        agent,
        host: '127.0.0.1',
        port: awsPort,
        method: incoming.method,
        path: incoming.url,
        headers: { ...Object.fromEntries(passedOn), host: apiHost },
      },
      (response) => {
        const headers = Object.entries(response.headers).filter(([name]) => !HOP_BY_HOP.has(name));
        outgoing.writeHead(response.statusCode ?? 502, Object.fromEntries(headers));
        response.pipe(outgoing);
      },
    );
    forwarded.on('error', () => {
      refuse(502, { status: 'unavailable' });
    });
    outgoing.on('close', () => {
      if (!outgoing.writableFinished) forwarded.destroy();
    });
    incoming.pipe(forwarded);
  });
  await listen(server, host, port);
  return {
    ready: (apiEndpoint) => {
      apiHost = apiEndpoint.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
    },
    close: async () => {
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      });
      agent.destroy();
    },
  };
};
