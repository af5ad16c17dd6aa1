/**
 * The address of API and console on this computer: hands every request to the emulator, which tells its HTTP APIs
 * and functions' URLs apart by the Host header. Until they are there, it answers 503.
 */
import { Agent, createServer, request, type IncomingHttpHeaders, type Server } from 'node:http';
import { isIP } from 'node:net';
import { CONSOLE_FILES } from '../core/contracts/console.ts';

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

/** URLs of the emulator's: an HTTP API serves both, without one each is a function of its own. */
export interface HttpEndpoints {
  readonly api: string;
  readonly console: string;
}

/** Whose page asks has been looked at here; an emulator may have rules of its own about it. */
const NOT_PASSED_ON = new Set([...HOP_BY_HOP, 'origin']);

export interface HttpFront {
  /** From now on requests are handed on to these endpoints of the emulator's. */
  ready(endpoints: HttpEndpoints): void;
  close(): Promise<void>;
}

const hostOf = (url: string): string => url.replace(/^https?:\/\//, '').replace(/\/.*$/, '');

/** The page, and its files. */
const isOfConsole = (path: string): boolean => {
  const [before = ''] = path.split('?');
  return before === '/' || before.startsWith(`${CONSOLE_FILES}/`);
};

/**
 * An address in numbers, or `localhost`. Any other name may be another site's that has itself resolved to this computer:
 * to a browser its pages are then of one origin with what is served here (DNS rebinding).
 */
const isNameless = (host: string): boolean => {
  const name = host.replace(/:\d+$/, '');
  return name === 'localhost' || isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0;
};

/** What is open to a network has names there that are not known here. */
const isLoopback = (host: string): boolean => /^(127\.|::1$|localhost$)/.test(host);

/** Browsers tell whose page asks: nobody signs in here, so a page of another site must not ask in our name. */
const isOfAnotherSite = (
  { origin, host = '' }: IncomingHttpHeaders,
  mayHaveNames: boolean,
): boolean =>
  (!mayHaveNames && !isNameless(host)) || (origin !== undefined && origin !== `http://${host}`);

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
  let hosts: HttpEndpoints | undefined;
  const server = createServer((incoming, outgoing) => {
    const refuse = (status: number, body: object): void => {
      if (outgoing.headersSent) {
        outgoing.destroy();
        return;
      }
      outgoing.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (hosts === undefined) {
      incoming.resume();
      // A browser that is too early asks again by itself.
      outgoing.setHeader('refresh', '2');
      refuse(503, { status: 'starting' });
      return;
    }
    if (isOfAnotherSite(incoming.headers, !isLoopback(host))) {
      incoming.resume();
      refuse(403, { message: 'a page of another site may not use this API' });
      return;
    }
    const passedOn = Object.entries(incoming.headers).filter(([name]) => !NOT_PASSED_ON.has(name));
    const forwarded = request(
      {
        agent,
        host: '127.0.0.1',
        port: awsPort,
        method: incoming.method,
        path: incoming.url,
        headers: {
          ...Object.fromEntries(passedOn),
          host: isOfConsole(incoming.url ?? '') ? hosts.console : hosts.api,
        },
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
    ready: ({ api, console }) => {
      hosts = { api: hostOf(api), console: hostOf(console) };
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
