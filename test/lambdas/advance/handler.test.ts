/** The advance Lambda from its queue's messages to executions, runners and answered tokens. */
import type { SQSEvent } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { nodeId } from '../../../core/contracts/keys.ts';
import { objectKeys } from '../../../core/contracts/object-keys.ts';
import { makeHandler } from '../../../lambdas/advance/handler.ts';
import { recordedLogs } from '../../support/logs.ts';
import {
  jobExecution,
  memoryExecutions,
  memoryObjects,
  memoryQueues,
  memoryRunners,
  memorySessionData,
  memoryTasks,
} from '../../support/memory-cloud.ts';
import { memorySessions } from '../../support/memory-sessions.ts';
import { aLine, aSession } from '../../support/sessions.ts';

const NOW = 9_000_000;
const UID = '1.2.826.0.1.3680043.8.498.1';

const events = (bodies: readonly unknown[], receives = 1): SQSEvent => ({
  Records: bodies.map((body, index) => ({
    messageId: `m${index}`,
    receiptHandle: '',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    attributes: {
      ApproximateReceiveCount: String(receives),
      SentTimestamp: '',
      SenderId: '',
      ApproximateFirstReceiveTimestamp: '',
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: '',
    eventSourceARN: '',
    awsRegion: '',
  })),
});

const site = async (jobs = 2) => {
  const sessions = memorySessions();
  const session = aSession();
  await sessions.createSession(session);
  const line = aLine(session.id, jobs);
  await sessions.storePlan(session, line.jobs, line.edges, NOW);
  const [executions, queues, tasks, runners] = [
    memoryExecutions(),
    memoryQueues(),
    memoryTasks(),
    memoryRunners(),
  ];
  const objects = memoryObjects();
  objects.stored.set(objectKeys.groupManifest(session.groupId), {
    groupId: session.groupId,
    aeTitle: 'GANTRY',
    groupBy: [],
    sealedAt: 1,
    series: [
      {
        patientId: 'P',
        issuerOfPatientId: '',
        studyInstanceUid: '1.2',
        seriesInstanceUid: '1.2.3',
        attributes: {},
        instances: [
          {
            sopInstanceUid: UID,
            sopClassUid: '1.2',
            transferSyntaxUid: '1.2',
            objectKey: 'instances/a.dcm',
            size: 7,
            sha256: 'ab',
            receivedAt: 1,
            callingAeTitle: 'CT',
          },
        ],
      },
    ],
  });
  objects.stored.set('instances/a.dcm', 7);
  const { logger, entries } = recordedLogs();
  const handler = makeHandler({
    sessions,
    sessionData: memorySessionData(),
    runners,
    workers: {
      get: (name) => Promise.resolve({ name, type: 'default', slots: 1, maxRunners: 4 }),
    },
    objects,
    listing: objects,
    queues,
    executions,
    tasks,
    runnerFamily: 'runner',
    gpuRunnerFamily: 'gpu-runner',
    gpuCapacity: { kind: 'here' } as const,
    runnerSize: { cpu: 1024, memoryMiB: 4096 },
    jobMachineArn: 'job',
    workQueueUrlPrefix: 'queue/work-',
    dockerQueueUrl: 'queue/tasks',
    advanceQueueUrl: 'queue/advance',
    clock: () => NOW,
    logger,
  });
  const state = async (node: number) => (await sessions.getJob(session.id, nodeId(node)))?.state;
  /** As its runner and its execution would. */
  const runJob = async (node: number, outcome: 'SUCCEEDED' | 'FAILED') => {
    const id = nodeId(node);
    const job = await sessions.getJob(session.id, id);
    await sessions.leaseJob(session.id, id, job!.run, 'runner', NOW);
    await sessions.finishJob(session.id, id, job!.attempt + 1, { state: outcome }, NOW);
    return handler(events([{ sessionId: session.id, jobId: job!.id, run: job!.run }]));
  };
  const start = { sessionId: session.id, run: 1, token: 'token' };
  return {
    ...{ sessions, session, executions, queues, tasks, runners, objects },
    ...{ entries, handler, state, runJob, start },
  };
};

describe('the advance Lambda', () => {
  it('starts the first job and a runner for it when a session begins', async () => {
    const { session, executions, tasks, handler, state, start } = await site();

    expect(await handler(events([start]))).toEqual({ batchItemFailures: [] });

    expect(await state(0)).toBe('SUCCEEDED');
    expect(await state(1)).toBe('QUEUED');
    expect(executions.inputs.get(jobExecution(session.id, nodeId(1), 1))).toEqual({
      sessionId: session.id,
      delaySeconds: 0,
      jobId: `${session.id}-${nodeId(1)}`,
      run: 1,
      worker: 'default',
      priority: 'normal',
      queueUrl: 'queue/work-default-normal',
    });
    expect(tasks.started).toMatchObject([
      { family: 'runner', environment: { GANTRY_WORKER: 'default' } },
    ]);
  });

  it('takes a session to its end, job by job, and answers its token once', async () => {
    const { executions, handler, state, runJob, start } = await site();
    await handler(events([start]));

    await runJob(1, 'SUCCEEDED');
    expect(await state(2)).toBe('QUEUED');
    expect(executions.succeeded).toEqual([]);
    await runJob(2, 'SUCCEEDED');

    expect(await state(3)).toBe('SUCCEEDED');
    expect(executions.succeeded).toEqual(['token']);
  });

  it('skips what depends on a failed job, and still runs post-services', async () => {
    const { sessions, session, executions, handler, state, runJob, start } = await site();
    await handler(events([start]));

    await runJob(1, 'FAILED');

    expect(await sessions.getJob(session.id, nodeId(2))).toMatchObject({
      state: 'SKIPPED',
      reason: 'It depends on "job-1", which failed.',
    });
    expect(await state(3)).toBe('SUCCEEDED');
    expect(executions.succeeded).toEqual(['token']);
  });

  it('starts no job when an image is gone, and logs no UID of it', async () => {
    const { sessions, session, executions, objects, entries, handler, state, start } = await site();
    objects.stored.delete('instances/a.dcm');

    await handler(events([start]));

    expect((await sessions.getJob(session.id, nodeId(0)))?.reason).toContain(UID);
    expect([await state(1), await state(2), await state(3)]).toEqual([
      'SKIPPED',
      'SKIPPED',
      'SUCCEEDED',
    ]);
    expect(executions.inputs.size).toBe(0);
    expect(executions.succeeded).toEqual(['token']);
    expect(entries.some(({ level }) => level === 'error')).toBe(true);
    expect(JSON.stringify(entries)).not.toContain(UID);
  });

  it('looks at the whole graph when a message comes again', async () => {
    const { sessions, session, executions, handler, start } = await site();
    await handler(events([start]));
    executions.statuses.clear();

    const job = await sessions.getJob(session.id, nodeId(1));
    await handler(events([{ sessionId: session.id, jobId: job!.id, run: 1 }], 2));

    expect(executions.statuses.get(jobExecution(session.id, nodeId(1), 1))).toBe('RUNNING');
  });

  it('lets an execution go on that waits for a session which has ended', async () => {
    const { sessions, session, executions, handler, start } = await site();
    await sessions.finishSession(session.id, { state: 'CANCELLED', endedAt: NOW });

    await handler(events([start]));

    expect(executions.succeeded).toEqual(['token']);
    expect(executions.inputs.size).toBe(0);
  });

  it('does nothing for a session that is still being planned, and for none at all', async () => {
    const { sessions, executions, handler } = await site();
    const planning = aSession();
    await sessions.createSession(planning);

    const result = await handler(
      events([{ sessionId: planning.id }, { sessionId: 's00000000000000000000' }]),
    );

    expect(result).toEqual({ batchItemFailures: [] });
    expect(executions.inputs.size).toBe(0);
  });

  it('acknowledges nonsense, and works on the rest of its batch', async () => {
    const { handler, state, start, entries } = await site();

    expect(await handler(events(['{', '"x"', { hello: 1 }, start]))).toEqual({
      batchItemFailures: [],
    });

    expect(entries.filter(({ level }) => level === 'error')).toHaveLength(3);
    expect(await state(1)).toBe('QUEUED');
  });

  it('gives back only the message that failed', async () => {
    const { session, executions, handler, state, start } = await site();
    executions.start = () => Promise.reject(new Error('throttled'));

    const result = await handler(
      events([{ sessionId: 's00000000000000000000' }, start, { ensureRunner: { worker: 'gpu' } }]),
    );

    expect(result).toEqual({ batchItemFailures: [{ itemIdentifier: 'm1' }] });
    expect(await state(1)).toBe('QUEUED');
    executions.start = (_machine, name) => {
      executions.statuses.set(name, 'RUNNING');
      return Promise.resolve('started');
    };
    await handler(events([start], 2));
    expect(executions.statuses.get(jobExecution(session.id, nodeId(1), 1))).toBe('RUNNING');
  });

  it('counts the runners of a worker when asked to', async () => {
    const { queues, tasks, handler } = await site();
    queues.depths.set('queue/work-gpu-higher', { waiting: 3, inFlight: 0, delayed: 0 });
    const ask = { ensureRunner: { worker: 'gpu' } };

    await handler(events([ask, ask]));

    expect(tasks.started.map(({ environment }) => environment['GANTRY_WORKER'])).toEqual(
      Array(3).fill('gpu'),
    );
  });
});
