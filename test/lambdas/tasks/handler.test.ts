/** The tasks Lambda: which of its messages it believes. */
import type { SQSEvent } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { executionName, jobId, nodeId } from '../../../core/contracts/keys.ts';
import { taskStopped } from '../../../core/contracts/messages.ts';
import { makeHandler } from '../../../lambdas/tasks/handler.ts';
import { recordedLogs } from '../../support/logs.ts';
import {
  memoryExecutions,
  memoryQueues,
  memoryTaskPlaces,
  memoryTasks,
} from '../../support/memory-cloud.ts';
import { memorySessions } from '../../support/memory-sessions.ts';

const JOB = jobId('s00000000000000000001', nodeId(0));

const event = (message: unknown, sender: string): SQSEvent => ({
  Records: [
    {
      ...{ messageId: 'm', receiptHandle: '', body: JSON.stringify(message) },
      attributes: {
        ...{ ApproximateReceiveCount: '1', SentTimestamp: '', SenderId: sender },
        ApproximateFirstReceiveTimestamp: '',
      },
      ...{ messageAttributes: {}, md5OfBody: '', eventSource: '', eventSourceARN: '' },
      awsRegion: '',
    },
  ],
});

const site = () => {
  const calls: unknown[][] = [];
  const handler = makeHandler({
    ...{ sessions: memorySessions(), executions: memoryExecutions() },
    ...{ queues: memoryQueues(), tasks: memoryTasks(), logger: recordedLogs().logger },
    places: memoryTaskPlaces(),
    versionOf: () => Promise.resolve(undefined),
    workers: { get: () => Promise.resolve(undefined) },
    objects: { getJson: () => Promise.reject(new Error('nothing is read')) },
    ensureDefinition: () => Promise.reject(new Error('nothing is registered')),
    definitionOf: () => {
      throw new Error('nothing is registered');
    },
    imageOf: () => Promise.resolve(undefined),
    imageMade: (message) => {
      calls.push(['imageMade', message.build, message.cause]);
      return Promise.resolve('READY' as const);
    },
    credentialsOf: () => Promise.resolve(undefined),
    runnerEnded: (...args) => {
      calls.push(['runnerEnded', ...args.slice(0, 1)]);
      return Promise.resolve('ended' as const);
    },
    renew: (...args) => {
      calls.push(['renew', ...args]);
      return Promise.resolve('renewed' as const);
    },
    ...{ jobMachineArn: 'job', workQueueUrlPrefix: 'work-', dockerQueueUrl: 'tasks' },
    ...{ advanceQueueUrl: 'advance', clock: () => 1, gpuCapacity: { kind: 'here' } as const },
  });
  return { handler, calls };
};

describe('the queue of tasks', () => {
  const stopped = taskStopped('11111111-2222-3333-4444-555555555555', {
    ...{ stopCode: 'TaskFailedToStart', containers: [] },
  });

  it('tells of runners that have ended, by their ids', async () => {
    const { handler, calls } = site();

    expect(await handler(event(stopped, 'AIDAEVENTS'))).toEqual({ batchItemFailures: [] });

    expect(calls).toEqual([['runnerEnded', '11111111-2222-3333-4444-555555555555']]);
  });

  it('tells of images that were made', async () => {
    const { handler, calls } = site();
    const made = { worker: 'lung', hash: 'h', build: 'b', cause: '' };

    await handler(event({ imageMade: made }, 'AROAMACHINE:abcdefghijkl'));

    expect(calls).toEqual([['imageMade', 'b', undefined]]);
  });

  it('hands on who asks for credentials, as SQS names the sender', async () => {
    const { handler, calls } = site();
    const request = { jobId: JOB, run: 1, attempt: 1 };

    await handler(event({ renewCredentials: request }, `AROAJOBS:${executionName(JOB, 1)}`));

    expect(calls).toEqual([['renew', request, executionName(JOB, 1)]]);
  });

  it('believes a docker job’s task nothing else', async () => {
    const { handler, calls } = site();
    const work = { sessionId: 's00000000000000000001', jobId: JOB, run: 1, token: 't' };

    for (const message of [stopped, work]) {
      const answer = await handler(event(message, `AROAJOBS:${executionName(JOB, 1)}`));
      expect(answer).toEqual({ batchItemFailures: [] });
    }

    expect(calls).toEqual([]);
  });
});
