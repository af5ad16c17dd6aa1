/** An HTTP API before a handler, as API Gateway is before the function: payload format 2.0. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface HttpApi {
  readonly url: string;
  close(): Promise<void>;
}

export interface HandlerAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export const httpApi = async (
  handler: (event: unknown) => Promise<HandlerAnswer>,
): Promise<HttpApi> => {
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, search } = new URL(request.url ?? '/', 'http://api');
    const body = await text(request);
    const answer = await handler({
      version: '2.0',
      rawPath: pathname,
      rawQueryString: search.slice(1),
      requestContext: { http: { method: request.method } },
      ...(body === '' ? {} : { body, isBase64Encoded: false }),
    });
    response.writeHead(answer.statusCode, answer.headers).end(answer.body);
  };
  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      response.writeHead(502).end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
};
