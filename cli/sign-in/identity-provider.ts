/**
 * The identity provider before a deployment's API, as a client sees it: OpenID Connect Discovery 1.0, the
 * authorization code flow with PKCE (RFC 7636), and refresh tokens (RFC 6749 section 6).
 */
import { z } from 'zod';
import { CommandFailed, WrongUsage } from '../lib/failures.ts';

/** What a provider knows this program by. */
export interface SignInClient {
  readonly issuer: string;
  readonly clientId: string;
  /** Separated by blanks. */
  readonly scope: string;
}

export interface Tokens {
  readonly accessToken: string;
  /** Absent: whoever signed in has to do so again when the other one expires. */
  readonly refreshToken?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

export interface AuthorizationCode {
  readonly code: string;
  readonly redirectUri: string;
  /** Of PKCE. */
  readonly verifier: string;
}

/** The provider no longer takes a refresh token, or did not take a code. */
export class SignInRefused extends CommandFailed {
  override readonly name = 'SignInRefused';
}

const Discovery = z.object({ authorization_endpoint: z.url(), token_endpoint: z.url() });

const TokenAnswer = z.object({
  access_token: z.string().min(1),
  refresh_token: z.string().min(1).optional(),
  expires_in: z.number().optional(),
});

/** RFC 6749 section 5.1 leaves the life of a token open; so it is taken for short. */
const UNTOLD_LIFE_SECONDS = 300;

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

const TIMEOUT_MS = 30_000;

/** Throws WrongUsage for an address at which a code or a token could be overheard. */
const assertPrivate = (url: string): void => {
  const { protocol, hostname } = new URL(url);
  if (protocol === 'https:' || LOOPBACK.has(hostname)) return;
  throw new WrongUsage(`one signs in over https only, and not at ${url}`);
};

const answerOf = async (url: string, init: RequestInit = {}): Promise<Response> => {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch {
    throw new CommandFailed(`no answer from ${new URL(url).host}`, ['is --issuer right?']);
  }
};

const parsedAnswer = async <T>(schema: z.ZodType<T>, response: Response): Promise<T> => {
  const answer = schema.safeParse(await response.json().catch(() => undefined));
  if (answer.success) return answer.data;
  throw new CommandFailed(`${new URL(response.url).host} does not answer as OpenID Connect asks`);
};

/** Where to sign in and where tokens are; throws WrongUsage and CommandFailed. */
const discover = async (issuer: string): Promise<z.infer<typeof Discovery>> => {
  assertPrivate(issuer);
  const url = `${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`;
  const response = await answerOf(url);
  if (!response.ok) {
    throw new CommandFailed(`${url} answered ${response.status}`, ['is --issuer right?']);
  }
  const found = await parsedAnswer(Discovery, response);
  for (const endpoint of Object.values(found)) assertPrivate(endpoint);
  return found;
};

const requestTokens = async (
  issuer: string,
  form: Readonly<Record<string, string>>,
  now: number,
): Promise<Tokens> => {
  const { token_endpoint: url } = await discover(issuer);
  const response = await answerOf(url, { method: 'POST', body: new URLSearchParams(form) });
  // A provider out of order takes no token back.
  if (response.status >= 500) {
    throw new CommandFailed(`${new URL(url).host} answered ${response.status}; try again`);
  }
  if (!response.ok) throw new SignInRefused(`${new URL(url).host} does not let you in`);
  const answer = await parsedAnswer(TokenAnswer, response);
  return {
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token,
    expiresAt: now + 1000 * (answer.expires_in ?? UNTOLD_LIFE_SECONDS),
  };
};

/** What a browser opens; `challenge` is the SHA-256 of the verifier (RFC 7636 section 4.2). */
export const signInAddress = async (
  { issuer, clientId, scope }: SignInClient,
  request: { readonly redirectUri: string; readonly state: string; readonly challenge: string },
): Promise<string> => {
  const { authorization_endpoint: endpoint } = await discover(issuer);
  const url = new URL(endpoint);
  const parameters = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: request.redirectUri,
    scope,
    state: request.state,
    code_challenge: request.challenge,
    code_challenge_method: 'S256',
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
};

/** Throws {@link SignInRefused}; `now` is the time in milliseconds since the epoch. */
export const tokensForCode = (
  { issuer, clientId }: SignInClient,
  { code, redirectUri, verifier }: AuthorizationCode,
  now: number,
): Promise<Tokens> =>
  requestTokens(
    issuer,
    {
      grant_type: 'authorization_code',
      client_id: clientId,
      code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
    },
    now,
  );

/** The old refresh token stays where the provider gives no new one. Throws {@link SignInRefused}. */
export const refreshedTokens = async (
  { issuer, clientId }: SignInClient,
  refreshToken: string,
  now: number,
): Promise<Tokens> => {
  const form = { grant_type: 'refresh_token', client_id: clientId, refresh_token: refreshToken };
  const tokens = await requestTokens(issuer, form, now);
  return { ...tokens, refreshToken: tokens.refreshToken ?? refreshToken };
};
