/**
 * Signing in by OpenID Connect: authorization code with PKCE (RFC 6749 section 4.1, RFC 7636), as RFC 9700 wants it
 * of a page without a server of its own. The token is kept in this page's memory alone: closing or loading the page
 * forgets it, and signing in again is then a redirect that the provider mostly answers by itself.
 */
import { z } from 'zod';
import type { SignInSettings } from '../../core/contracts/console.ts';

/** What has to be found again when the provider sends the person back; of this tab only. */
const Started = z.object({ state: z.string(), verifier: z.string(), hash: z.string() });
const STARTED = 'gantry-sign-in';

const TokenAnswer = z.object({ access_token: z.string().min(1), token_type: z.string() });

export class SignInFailed extends Error {
  override readonly name = 'SignInFailed';
}

const notOurs = (): SignInFailed =>
  new SignInFailed('The answer of the identity provider belongs to no sign-in of this tab');

const base64Url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

const randomText = (): string => base64Url(crypto.getRandomValues(new Uint8Array(32)));

const challengeOf = async (verifier: string): Promise<string> =>
  base64Url(
    new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))),
  );

/** Where the provider sends people back to: the console's own address, as it is registered there. */
const returnAddress = (): string => `${window.location.origin}/`;

/** Leaves the page for the provider's. */
export const goToSignIn = async (settings: SignInSettings): Promise<void> => {
  const started = { state: randomText(), verifier: randomText(), hash: window.location.hash };
  window.sessionStorage.setItem(STARTED, JSON.stringify(started));
  const address = new URL(settings.authorizationEndpoint);
  const parameters = {
    response_type: 'code',
    client_id: settings.clientId,
    redirect_uri: returnAddress(),
    scope: settings.scope,
    state: started.state,
    code_challenge: await challengeOf(started.verifier),
    code_challenge_method: 'S256',
  };
  for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value);
  window.location.assign(address);
};

/** Used once, whatever comes of it. */
const takeStarted = (): z.infer<typeof Started> | undefined => {
  const text = window.sessionStorage.getItem(STARTED);
  window.sessionStorage.removeItem(STARTED);
  if (text === null) return undefined;
  return Started.safeParse(JSON.parse(text)).data;
};

const tokenFor = async (
  settings: SignInSettings,
  code: string,
  verifier: string,
): Promise<string> => {
  const response = await fetch(settings.tokenEndpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: settings.clientId,
      redirect_uri: returnAddress(),
      code,
      code_verifier: verifier,
    }),
    credentials: 'omit',
    redirect: 'error',
  });
  const answer = TokenAnswer.safeParse(await response.json().catch(() => undefined));
  if (response.ok && answer.success && answer.data.token_type.toLowerCase() === 'bearer') {
    return answer.data.access_token;
  }
  throw new SignInFailed(`The identity provider gave no token (${response.status})`);
};

/**
 * The token of whoever has come back from the provider; undefined for somebody who has yet to go there. Takes code
 * and state out of the window's address. Throws SignInFailed when the provider said no or the answer is not to our
 * question.
 */
export const finishSignIn = async (settings: SignInSettings): Promise<string | undefined> => {
  const answer = new URLSearchParams(window.location.search);
  const code = answer.get('code');
  const error = answer.get('error');
  if (code === null && error === null) return undefined;
  const started = takeStarted();
  window.history.replaceState(null, '', `/${started?.hash ?? ''}`);
  if (started === undefined) throw notOurs();
  if (answer.get('state') !== started.state) throw notOurs();
  if (code === null) throw new SignInFailed(`The identity provider said no: ${error ?? ''}`);
  return tokenFor(settings, code, started.verifier);
};
