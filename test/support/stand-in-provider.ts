/** An identity provider of a test's own: OpenID Connect's endpoints, and a person who signs in at once. */
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface StandInProvider {
  readonly issuer: string;
  /** Access tokens that are good now. */
  readonly good: Set<string>;
  /** Seconds; of the tokens that are given from now on. */
  life: number;
  /** Whether refresh tokens are still taken. */
  refreshes: boolean;
  /** What the sign-in page says instead of yes. */
  refusal: string | undefined;
  close(): void;
}

const json = (answer: ServerResponse, status: number, body: unknown): void => {
  // A page of another origin may read what it says.
  const headers = { 'content-type': 'application/json', 'access-control-allow-origin': '*' };
  answer.writeHead(status, headers).end(JSON.stringify(body));
};

export const startProvider = async (
  clientId: string,
  knownAddress: string,
): Promise<StandInProvider> => {
  /** PKCE's challenge by code, with the address that the code was for. */
  const codes = new Map<string, { challenge: string; redirectUri: string }>();
  const server: Server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider: StandInProvider = {
    issuer,
    good: new Set(),
    life: 3600,
    refreshes: true,
    refusal: undefined,
    close: () => {
      server.close();
    },
  };

  const authorize = (query: URLSearchParams, answer: ServerResponse): void => {
    const redirectUri = query.get('redirect_uri') ?? '';
    const isKnown =
      query.get('client_id') === clientId &&
      query.get('response_type') === 'code' &&
      query.get('code_challenge_method') === 'S256' &&
      redirectUri === knownAddress;
    if (!isKnown) {
      json(answer, 400, { error: 'invalid_request' });
      return;
    }
    const back = new URL(redirectUri);
    back.searchParams.set('state', query.get('state') ?? '');
    if (provider.refusal === undefined) {
      const code = randomUUID();
      codes.set(code, { challenge: query.get('code_challenge') ?? '', redirectUri });
      back.searchParams.set('code', code);
    } else back.searchParams.set('error', provider.refusal);
    answer.writeHead(302, { location: back.href }).end();
  };

  const isGranted = (form: URLSearchParams): boolean => {
    if (form.get('client_id') !== clientId) return false;
    if (form.get('grant_type') === 'refresh_token') {
      return provider.refreshes && form.get('refresh_token') === 'refresh';
    }
    const asked = codes.get(form.get('code') ?? '');
    codes.delete(form.get('code') ?? '');
    if (asked === undefined || form.get('grant_type') !== 'authorization_code') return false;
    const verifier = createHash('sha256').update(form.get('code_verifier') ?? '');
    return (
      asked.redirectUri === form.get('redirect_uri') &&
      asked.challenge === verifier.digest('base64url')
    );
  };

  const token = async (request: IncomingMessage, answer: ServerResponse): Promise<void> => {
    const form = new URLSearchParams(await text(request));
    if (!isGranted(form)) {
      json(answer, 400, { error: 'invalid_grant' });
      return;
    }
    const accessToken = randomUUID();
    provider.good.add(accessToken);
    json(answer, 200, {
      ...{ access_token: accessToken, token_type: 'Bearer', expires_in: provider.life },
      // As Cognito: the refresh token comes once.
      ...(form.get('grant_type') === 'authorization_code' ? { refresh_token: 'refresh' } : {}),
    });
  };

  server.on('request', (request, answer) => {
    const { pathname, searchParams } = new URL(request.url ?? '', issuer);
    if (pathname === '/.well-known/openid-configuration') {
      json(answer, 200, {
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
      });
    } else if (pathname === '/authorize') authorize(searchParams, answer);
    else if (pathname === '/token') void token(request, answer);
    else answer.writeHead(404).end();
  });
  return provider;
};
