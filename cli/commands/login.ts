/** `gantry login` and `gantry logout`: a person's token for an API that asks for one. */
import { createHash, randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { SIGN_IN_ANSWER } from '../../core/contracts/names.ts';
import { apiUrl } from '../lib/command.ts';
import { WrongUsage } from '../lib/failures.ts';
import { Output } from '../lib/output.ts';
import { awaitBrowser, redirectUri } from '../sign-in/browser-answer.ts';
import { signInAddress, tokensForCode, type SignInClient } from '../sign-in/identity-provider.ts';
import { saveSignIn, savedSignIn } from '../sign-in/saved-sign-ins.ts';

interface LoginArguments {
  readonly api?: string;
  readonly issuer?: string;
  readonly clientId?: string;
  readonly scope?: string;
  readonly port?: string;
}

interface Registration extends SignInClient {
  readonly port: number;
}

const portOf = (option: string): number => {
  const port = Number(option);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new WrongUsage(`--port: ${option} is no TCP port`);
};

/** What was named now, else at the last sign-in. */
const registrationOf = async (api: string, options: LoginArguments): Promise<Registration> => {
  const saved = await savedSignIn(api, process.env);
  const issuer = options.issuer ?? saved?.issuer;
  const clientId = options.clientId ?? saved?.clientId;
  if (issuer === undefined || clientId === undefined) {
    throw new WrongUsage(
      `nobody has signed in at ${api} from here yet: name --issuer and --client-id (docs/deploy.md, step 4)`,
    );
  }
  return {
    ...{ issuer, clientId, scope: options.scope ?? saved?.scope ?? 'openid' },
    port: options.port === undefined ? (saved?.port ?? SIGN_IN_ANSWER.port) : portOf(options.port),
  };
};

const secret = (): string => randomBytes(32).toString('base64url');

const login = async (options: LoginArguments, output: Output): Promise<void> => {
  const api = apiUrl(options.api, process.env);
  const registration = await registrationOf(api, options);
  const answerTo = redirectUri(registration.port);
  const [state, verifier] = [secret(), secret()];
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const request = { redirectUri: answerTo, state, challenge };
  const address = await signInAddress(registration, request);
  const browser = await awaitBrowser(registration.port, state);
  try {
    output.message(`Open this address in a browser of this computer, and sign in:\n${address}`);
    const authorization = { code: await browser.code, redirectUri: answerTo, verifier };
    const tokens = await tokensForCode(registration, authorization, Date.now());
    await saveSignIn(api, { ...registration, tokens }, process.env);
  } finally {
    browser.close();
  }
  output.message(`signed in at ${api}`);
};

export const addLoginCommands = (program: Command): void => {
  const output = new Output(false);
  const signIn = program
    .command('login')
    .description('signs you in at an API that asks who calls, by its sign-in page')
    .option('--issuer <url>', 'who says who you are; the first time')
    .option('--client-id <id>', 'what this program is known by there; the first time')
    .option('--scope <scopes>', 'what to ask for, default: openid')
    .option('--port <port>', `where it expects the page’s answer, default: ${SIGN_IN_ANSWER.port}`);
  signIn.action(async () => {
    await login(signIn.optsWithGlobals<LoginArguments>(), output);
  });
  const signOut = program
    .command('logout')
    .description('forgets the token of gantry login on this computer');
  signOut.action(async () => {
    const api = apiUrl(signOut.optsWithGlobals<LoginArguments>().api, process.env);
    const saved = await savedSignIn(api, process.env);
    if (saved !== undefined) await saveSignIn(api, { ...saved, tokens: undefined }, process.env);
    output.message(`signed out at ${api}`);
  });
};
