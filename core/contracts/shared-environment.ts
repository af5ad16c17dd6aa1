/**
 * A virtual environment that runners share through the bucket: an archive, and a document that says what it has to
 * be. The document is put if absent, so there is one archive that counts; its id has all that the archive depends on.
 */
import { z } from 'zod';
import { DAY_MS } from './day.ts';
import { shortHash } from './keys.ts';

/** Raised when archives are made or unpacked otherwise than before: what is there then is of no use any more. */
const FORMAT = 1;

/** A mark of use is as old as this before it is made again: a put a day for each environment in use. */
export const MARK_USE_AFTER_MS = DAY_MS;

export const SharedEnvironment = z.object({
  /** Of the archive, which is named by it. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Length of the archive. */
  bytes: z.int().min(1),
  builtAt: z.int().describe('milliseconds'),
  /** The last fetch that left a mark. */
  usedAt: z.int().describe('milliseconds'),
  /** The interpreter's version. */
  python: z.string(),
  notes: z.array(z.string()),
});
export type SharedEnvironment = z.infer<typeof SharedEnvironment>;

/** All that an environment depends on. */
export interface EnvironmentIdentity {
  /** Of the worker's Python version and requirements: see WorkerItem. */
  readonly environmentHash: string | undefined;
  /** Of the SDK and the versions of its libraries. */
  readonly sdkHash: string;
  /** The one that the environment is of: where it is, and what tells its builds apart. */
  readonly interpreter: { readonly path: string; readonly build: string };
  /** Operating system and processor. */
  readonly platform: string;
  /** Where the environment is: its programs name it, so it is of use nowhere else. */
  readonly folder: string;
  /** Of pip: another index may have other distributions. */
  readonly settings: Readonly<Record<string, string>>;
}

/** 40 hex characters. */
export const sharedEnvironmentId = (identity: EnvironmentIdentity): string => {
  const { environmentHash, sdkHash, interpreter, platform, folder, settings } = identity;
  const sorted = Object.entries(settings).sort(([one], [other]) => (one < other ? -1 : 1));
  return shortHash(
    JSON.stringify([
      ...[FORMAT, environmentHash, sdkHash, interpreter.path, interpreter.build],
      ...[platform, folder, sorted],
    ]),
    40,
  );
};
