/**
 * The credentials of one docker job's task, as `tasks` hands them to `fetch` and `report`: for an hour, because AWS
 * gives a role that assumed another one no longer, and renewed while the job is the task's. No container has a role.
 */
import { z } from 'zod';

export const TaskCredentials = z.object({
  accessKeyId: z.string().min(1),
  secretAccessKey: z.string().min(1),
  sessionToken: z.string().min(1),
  /** Milliseconds since the epoch. */
  expiresAt: z.int(),
});
export type TaskCredentials = z.infer<typeof TaskCredentials>;

/** Renewed ones, for the attempt that asked; it takes them away with it. */
export const RenewedCredentials = z.object({ attempt: z.int(), credentials: TaskCredentials });
export type RenewedCredentials = z.infer<typeof RenewedCredentials>;

/** In the environment of `fetch` alone: `report` finds them in the private volume. */
const VARIABLES = {
  accessKeyId: 'AWS_ACCESS_KEY_ID',
  secretAccessKey: 'AWS_SECRET_ACCESS_KEY',
  sessionToken: 'AWS_SESSION_TOKEN',
  expiresAt: 'AWS_CREDENTIAL_EXPIRATION',
} as const;

export const credentialVariables = (credentials: TaskCredentials): Record<string, string> => ({
  [VARIABLES.accessKeyId]: credentials.accessKeyId,
  [VARIABLES.secretAccessKey]: credentials.secretAccessKey,
  [VARIABLES.sessionToken]: credentials.sessionToken,
  [VARIABLES.expiresAt]: new Date(credentials.expiresAt).toISOString(),
});

/** What {@link credentialVariables} wrote; undefined in the embedded cloud, whose containers are told none. */
export const readCredentialVariables = (
  environment: Readonly<Record<string, string | undefined>>,
): TaskCredentials | undefined => {
  const read = TaskCredentials.safeParse({
    accessKeyId: environment[VARIABLES.accessKeyId],
    secretAccessKey: environment[VARIABLES.secretAccessKey],
    sessionToken: environment[VARIABLES.sessionToken],
    expiresAt: Date.parse(environment[VARIABLES.expiresAt] ?? ''),
  });
  return read.success ? read.data : undefined;
};
