/** Credentials of docker jobs' tasks: given out by STS, and renewed where they are used. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AssumeRoleCommand, type STSClient } from '@aws-sdk/client-sts';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { JobItem } from '../core/contracts/items.ts';
import { tableKeys } from '../core/contracts/keys.ts';
import type { CredentialsRequest } from '../core/contracts/messages.ts';
import type { Clock, Queues } from '../core/contracts/ports.ts';
import { RenewedCredentials, type TaskCredentials } from '../core/contracts/task-credentials.ts';
import type { TaskPolicy } from '../core/running/task-policy.ts';
import { documentClient, type OwnCredentials } from './clients.ts';
import { sqsQueues } from './queues.ts';
import { dynamoTable, type Table } from './table.ts';

/** The longest that STS gives to who has assumed a role already. */
const SECONDS = 3600;

/** STS answered without credentials, which its API does not know. */
export class NoCredentials extends Error {
  override readonly name = 'NoCredentials';
}

/** Issues credentials of the role, bounded by `policy`; `name` is what CloudTrail calls their holder. */
export const stsCredentials =
  (client: STSClient, roleArn: string) =>
  async (name: string, policy: TaskPolicy): Promise<TaskCredentials> => {
    const { Credentials } = await client.send(
      new AssumeRoleCommand({
        RoleArn: roleArn,
        RoleSessionName: name,
        DurationSeconds: SECONDS,
        Policy: JSON.stringify(policy),
      }),
    );
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = Credentials ?? {};
    if (
      AccessKeyId === undefined ||
      SecretAccessKey === undefined ||
      SessionToken === undefined ||
      Expiration === undefined
    ) {
      throw new NoCredentials('STS gave no credentials');
    }
    return {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      sessionToken: SessionToken,
      expiresAt: Expiration.getTime(),
    };
  };

/** The SDK asks for new ones five minutes before the end; with these, there are ten for the answer. */
const RENEW_BEFORE_MS = 15 * 60_000;
const LOOK_EVERY_MS = 5000;
const ASK_EVERY_MS = 60_000;

export const tableRenewedCredentials = (table: Pick<Table, 'get' | 'put' | 'delete'>) => ({
  put: (sessionId: string, nodeId: string, renewed: RenewedCredentials): Promise<void> =>
    table.put(tableKeys.taskCredentials(sessionId, nodeId), renewed),
  /** Those of that attempt, once: they are gone afterwards. */
  take: async (
    sessionId: string,
    nodeId: string,
    attempt: number,
  ): Promise<TaskCredentials | undefined> => {
    const key = tableKeys.taskCredentials(sessionId, nodeId);
    const renewed = await table.get(key, RenewedCredentials);
    if (renewed?.attempt !== attempt) return undefined;
    await table.delete(key);
    return renewed.credentials;
  },
});

export interface RenewalDependencies {
  readonly queues: Pick<Queues, 'send'>;
  readonly tasksQueueUrl: string;
  readonly renewed: Pick<ReturnType<typeof tableRenewedCredentials>, 'take'>;
  readonly clock: Clock;
  readonly pause: (milliseconds: number) => Promise<unknown>;
}

/** Asks for new credentials until they are there, or `until` has come; undefined then. */
export const askForCredentials = async (
  { queues, tasksQueueUrl, renewed, clock, pause }: RenewalDependencies,
  { id: jobId, run, attempt, sessionId, nodeId }: JobItem,
  until: number,
): Promise<TaskCredentials | undefined> => {
  const request: CredentialsRequest = { renewCredentials: { jobId, run, attempt } };
  let askAgainAt = clock();
  const tryOnce = async (): Promise<TaskCredentials | undefined> => {
    if (clock() >= askAgainAt) {
      await queues.send(tasksQueueUrl, request);
      askAgainAt = clock() + ASK_EVERY_MS;
    }
    return renewed.take(sessionId, nodeId, attempt);
  };
  while (clock() < until) {
    // There is time for more tries than one.
    const taken = await tryOnce().catch(() => undefined);
    if (taken !== undefined) return taken;
    await pause(LOOK_EVERY_MS);
  }
  return undefined;
};

const identityOf = ({ expiresAt, ...keys }: TaskCredentials) => ({
  ...keys,
  expiration: new Date(expiresAt),
});

/**
 * The credentials of SDK clients in a docker job's task. Those of `report`, which knows its `job`, are renewed a
 * quarter of an hour before their end; `fetch` ends earlier, or its attempt is lost.
 */
export const heldCredentials = (
  initial: TaskCredentials | undefined,
  task: {
    readonly tableName: string;
    readonly tasksQueueUrl: string;
    readonly clock: Clock;
    readonly job: JobItem | undefined;
    readonly signal: AbortSignal;
  },
): OwnCredentials => {
  if (initial === undefined) return {};
  const held = { now: initial };
  const { job, signal, clock, tableName, tasksQueueUrl } = task;
  const keep = async (of: JobItem): Promise<void> => {
    for (;;) {
      await sleep(Math.max(0, held.now.expiresAt - RENEW_BEFORE_MS - clock()), undefined, {
        ...{ signal, ref: false },
      });
      // Clients of their own: the others ask here for what these are to bring.
      const own = { credentials: () => Promise.resolve(identityOf(held.now)) };
      const fresh = await askForCredentials(
        {
          ...{ tasksQueueUrl, clock },
          queues: sqsQueues(new SQSClient(own)),
          renewed: tableRenewedCredentials(dynamoTable(documentClient(own), tableName)),
          pause: (milliseconds) => sleep(milliseconds, undefined, { signal, ref: false }),
        },
        of,
        held.now.expiresAt,
      );
      if (fresh === undefined) return;
      held.now = fresh;
    }
  };
  // Told to stop, or refused: then the job is not this attempt's any more, and its other calls say so.
  if (job !== undefined) keep(job).catch(() => undefined);
  return { credentials: () => Promise.resolve(identityOf(held.now)) };
};
