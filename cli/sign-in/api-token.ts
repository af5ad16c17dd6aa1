/** The token that says to an API who calls: named by the caller, or of whoever has signed in. */
import { refreshedTokens, SignInRefused } from './identity-provider.ts';
import { saveSignIn, savedSignIn } from './saved-sign-ins.ts';

/** Of a token's life: below, a command could outlast it. */
const MARGIN_MS = 60_000;

/**
 * `--token`, else GANTRY_API_TOKEN, else that of `gantry login`, renewed if need be; else none: the Gantry of this
 * computer asks for none. Throws SignInRefused when one has to sign in again.
 */
export const apiToken = async (
  api: string,
  option: string | undefined,
  environment: NodeJS.ProcessEnv,
): Promise<string | undefined> => {
  const named = (option ?? environment['GANTRY_API_TOKEN'] ?? '').trim();
  if (named !== '') return named;
  const signIn = await savedSignIn(api, environment);
  const tokens = signIn?.tokens;
  if (signIn === undefined || tokens === undefined) return undefined;
  const now = Date.now();
  if (tokens.expiresAt - now > MARGIN_MS) return tokens.accessToken;
  const again = () => new SignInRefused('you are not signed in any more', ['gantry login']);
  if (tokens.refreshToken === undefined) throw again();
  try {
    const renewed = await refreshedTokens(signIn, tokens.refreshToken, now);
    await saveSignIn(api, { ...signIn, tokens: renewed }, environment);
    return renewed.accessToken;
  } catch (error) {
    throw error instanceof SignInRefused ? again() : error;
  }
};
