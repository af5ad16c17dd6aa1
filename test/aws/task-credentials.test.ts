/** Credentials of docker jobs: what STS is asked for, and how a task gets new ones in time. */
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import {
  askForCredentials,
  heldCredentials,
  NoCredentials,
  stsCredentials,
} from '../../aws/task-credentials.ts';
import {
  credentialVariables,
  readCredentialVariables,
  type TaskCredentials,
} from '../../core/contracts/task-credentials.ts';
import { memoryQueues } from '../support/memory-cloud.ts';
import { aNode } from '../support/sessions.ts';

const EXPIRES = new Date('2026-11-22T12:00:00Z');
const credentials: TaskCredentials = {
  ...{ accessKeyId: 'ASIA', secretAccessKey: 'S', sessionToken: 'T' },
  expiresAt: EXPIRES.getTime(),
};
const policy = { Version: '2012-10-17', Statement: [] } as const;

describe('STS', () => {
  const client = new STSClient({ region: 'eu-central-1' });
  const issue = stsCredentials(client, 'arn:role');

  it('is asked for an hour of the role, bounded by the policy, under the name of the run', async () => {
    const sts = mockClient(client);
    sts.on(AssumeRoleCommand).resolves({
      Credentials: {
        ...{ AccessKeyId: 'ASIA', SecretAccessKey: 'S', SessionToken: 'T', Expiration: EXPIRES },
      },
    });

    expect(await issue('s1-n1-r1', policy)).toEqual(credentials);

    expect(sts.commandCalls(AssumeRoleCommand)[0]?.args[0].input).toEqual({
      ...{ RoleArn: 'arn:role', RoleSessionName: 's1-n1-r1', DurationSeconds: 3600 },
      Policy: JSON.stringify(policy),
    });
  });

  it('that gives none is an error, never a task without credentials', async () => {
    mockClient(client).on(AssumeRoleCommand).resolves({});

    await expect(issue('s1-n1-r1', policy)).rejects.toThrow(NoCredentials);
  });
});

describe('the variables of fetch', () => {
  it('are read as they were written', () => {
    expect(readCredentialVariables(credentialVariables(credentials))).toEqual(credentials);
  });

  it('are no credentials when one is missing: then the environment’s own count', () => {
    const variables = { ...credentialVariables(credentials), AWS_SESSION_TOKEN: undefined };

    expect(readCredentialVariables(variables)).toBeUndefined();
  });
});

const job = { ...aNode('s00000000000000000001', 0), attempt: 1 };

const asking = (answers: readonly (TaskCredentials | Error | undefined)[]) => {
  const queues = memoryQueues();
  const state = { now: 0, looks: 0 };
  const deps = {
    ...{ queues, tasksQueueUrl: 'queue/tasks', clock: () => state.now },
    renewed: {
      take: () => {
        const answer = answers[state.looks];
        state.looks += 1;
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
      },
    },
    pause: (milliseconds: number) => {
      state.now += milliseconds;
      return Promise.resolve();
    },
  };
  return { deps, queues, state };
};

describe('a task whose credentials end', () => {
  it('asks for new ones, of its own attempt, and takes them when they are there', async () => {
    const { deps, queues } = asking([undefined, new Error('throttled'), credentials]);

    expect(await askForCredentials(deps, job, 900_000)).toEqual(credentials);

    expect(queues.sent).toEqual([
      {
        queueUrl: 'queue/tasks',
        message: { renewCredentials: { jobId: job.id, run: job.run, attempt: 1 } },
        delaySeconds: 0,
      },
    ]);
  });

  it('asks again each minute, and gives up when they have ended', async () => {
    const { deps, queues } = asking([]);

    expect(await askForCredentials(deps, job, 180_000)).toBeUndefined();

    expect(queues.sent).toHaveLength(3);
  });

  it('tells the SDK when they end, so that it asks for newer ones', async () => {
    const own = heldCredentials(credentials, {
      ...{ tableName: 't', tasksQueueUrl: 'q', clock: () => 0, job: undefined },
      signal: new AbortController().signal,
    });

    expect(await own.credentials?.()).toEqual({
      ...{ accessKeyId: 'ASIA', secretAccessKey: 'S', sessionToken: 'T', expiration: EXPIRES },
    });
  });

  it('has the platform’s own where it was told none', () => {
    const task = { tableName: 't', tasksQueueUrl: 'q', clock: () => 0, job: undefined };

    expect(heldCredentials(undefined, { ...task, signal: new AbortController().signal })).toEqual(
      {},
    );
  });
});
