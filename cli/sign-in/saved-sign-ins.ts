/**
 * Who is signed in at which API, in a file that only its owner may read: `gantry/sign-ins.json` in XDG_CONFIG_HOME,
 * or in `~/.config`.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';

const SavedSignIn = z.object({
  issuer: z.string(),
  clientId: z.string(),
  scope: z.string(),
  /** Of this computer, at which the provider's page answers. */
  port: z.int(),
  /** Absent after `gantry logout`: the rest is kept for the next sign-in. */
  tokens: z
    .object({
      accessToken: z.string(),
      refreshToken: z.string().optional(),
      expiresAt: z.number(),
    })
    .optional(),
});
export type SavedSignIn = z.infer<typeof SavedSignIn>;

/** By the API's address. */
const Content = z.record(z.string(), SavedSignIn);

const fileOf = (environment: NodeJS.ProcessEnv): string =>
  join(
    environment['XDG_CONFIG_HOME'] ?? join(environment['HOME'] ?? homedir(), '.config'),
    ...['gantry', 'sign-ins.json'],
  );

/** A file that cannot be read, or says something else, is one without sign-ins. */
const read = async (file: string): Promise<z.infer<typeof Content>> => {
  try {
    return Content.catch({}).parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return {};
  }
};

export const savedSignIn = async (
  api: string,
  environment: NodeJS.ProcessEnv,
): Promise<SavedSignIn | undefined> => (await read(fileOf(environment)))[api];

export const saveSignIn = async (
  api: string,
  signIn: SavedSignIn,
  environment: NodeJS.ProcessEnv,
): Promise<void> => {
  const file = fileOf(environment);
  const content = { ...(await read(file)), [api]: signIn };
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  // Another gantry may read it at this moment.
  const part = `${file}.${process.pid}`;
  await writeFile(part, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 });
  await rename(part, file);
};
