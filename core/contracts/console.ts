/**
 * What the console is told before anybody has signed in: how to sign in. Everybody may read it, so nothing secret
 * and nothing of a patient belongs here.
 */
import { z } from 'zod';

/** A public OpenID Connect client: authorization code with PKCE (RFC 7636), no secret. */
export const SignInSettings = z.object({
  authorizationEndpoint: z.url(),
  tokenEndpoint: z.url(),
  clientId: z.string().min(1),
  /** As the token request has it: words with spaces between them. */
  scope: z.string().min(1),
});
export type SignInSettings = z.infer<typeof SignInSettings>;

/** `signIn` is null where the API asks for no token. */
export const ConsoleSettings = z.object({ signIn: SignInSettings.nullable() });
export type ConsoleSettings = z.infer<typeof ConsoleSettings>;

/** Below the API's address; the page itself is at `/`. */
export const CONSOLE_FILES = '/console';
/** The file of {@link ConsoleSettings}. */
export const CONSOLE_SETTINGS_FILE = 'settings.json';
