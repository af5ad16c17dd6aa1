/** Where a browser brings the answer of the sign-in page: one address of this computer, open until it has come (RFC 8252). */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { SIGN_IN_ANSWER } from '../../core/contracts/names.ts';
import { CommandFailed } from '../lib/failures.ts';

/** The provider has to know it. */
export const redirectUri = (port: number): string =>
  `http://localhost:${port}${SIGN_IN_ANSWER.path}`;

/** To find one's telephone with the second factor. */
const PATIENCE_MS = 300_000;

export interface BrowserAnswer {
  /** The code; throws CommandFailed when the page says no, or nothing in five minutes. */
  readonly code: Promise<string>;
  close(): void;
}

const listen = async (server: Server, port: number): Promise<void> => {
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new CommandFailed(
      `port ${port} of this computer is taken (${(error as NodeJS.ErrnoException).code ?? ''})`,
      ['is another gantry login waiting?'],
    );
  }
};

/** Answers that do not carry `state` are not those that were asked for, and are not listened to. */
export const awaitBrowser = async (port: number, state: string): Promise<BrowserAnswer> => {
  const server = createServer();
  await listen(server, port);
  let timer: NodeJS.Timeout | undefined;
  const close = (): void => {
    clearTimeout(timer);
    server.close();
    server.closeAllConnections();
  };
  const code = new Promise<string>((resolve, reject) => {
    timer = setTimeout(() => {
      reject(new CommandFailed('nobody has signed in within five minutes'));
    }, PATIENCE_MS);
    server.on('request', (request, answer) => {
      const { pathname, searchParams } = new URL(request.url ?? '', redirectUri(port));
      if (pathname !== SIGN_IN_ANSWER.path || searchParams.get('state') !== state) {
        answer.writeHead(404).end();
        return;
      }
      const found = searchParams.get('code');
      const page = found === null ? 'Not signed in.' : 'Signed in.';
      answer.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' });
      answer.end(`${page} You may close this window.\n`, () => {
        if (found !== null) resolve(found);
        else reject(new CommandFailed(`not signed in: ${searchParams.get('error') ?? 'no code'}`));
      });
    });
  });
  // Whoever closes before there is an answer does not ask for it.
  code.catch(() => undefined);
  return { code, close };
};
