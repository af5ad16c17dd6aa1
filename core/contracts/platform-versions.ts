/**
 * Which versions of the platform's functions and state machines belong together. A session keeps those that were
 * deployed when its item was created, whatever is deployed while it runs: docs/architecture.md, "Releases".
 */
import { z } from 'zod';
import { ENV } from './names.ts';

const Version = z.string().regex(/^[1-9][0-9]*$/);

/** Numbers of versions, as Lambda and Step Functions give them, of what works for one session. */
export const PlatformVersions = z.object({
  plan: Version,
  advance: Version,
  tasks: Version,
  sessionMachine: Version,
  jobMachine: Version,
});
export type PlatformVersions = z.infer<typeof PlatformVersions>;

/** The functions behind queues whose messages are of sessions. */
export type SessionFunction = Extract<keyof PlatformVersions, 'plan' | 'advance' | 'tasks'>;

/** The alias of the version to which everybody speaks who does not speak for a session. */
export const LIVE = 'live';

/** Undefined where nothing has versions, as in the embedded cloud; throws ZodError or SyntaxError for what is none. */
export const readPlatformVersions = (
  environment: Readonly<Record<string, string | undefined>>,
): PlatformVersions | undefined => {
  const text = environment[ENV.platformVersions] ?? '';
  return text === '' ? undefined : PlatformVersions.parse(JSON.parse(text));
};

/** Name or ARN of a function or a state machine with the version that is meant; without a version, the latest. */
export const qualified = (nameOrArn: string, version: string | undefined): string =>
  version === undefined ? nameOrArn : `${nameOrArn}:${version}`;

/** In the event with which a function invokes another version of itself: which version has passed it on. */
export const PassedOn = z.object({ passedOnBy: z.string() });
export type PassedOn = z.infer<typeof PassedOn>;
