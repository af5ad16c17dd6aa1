/** Jobs of docker workers: their tasks, and what becomes of a job whose task could not tell its outcome. */
import { describe, expect, it } from 'vitest';
import { executionName, nodeId } from '../../../core/contracts/keys.ts';
import type { JobItem } from '../../../core/contracts/items.ts';
import type { WorkerImage } from '../../../core/contracts/worker-image.ts';
import type { WorkerItem } from '../../../core/contracts/worker-item.ts';
import { dockerTaskDefinition, type TaskDefinition } from '../../../core/running/docker-task.ts';
import { jobTaskEnded, startJobTask } from '../../../core/running/job-tasks.ts';
import {
  memoryExecutions,
  memoryQueues,
  memoryTaskPlaces,
  memoryTasks,
} from '../../support/memory-cloud.ts';
import { memorySessions } from '../../support/memory-sessions.ts';
import { aNode, aSession } from '../../support/sessions.ts';

const worker: WorkerItem = {
  ...{ name: 'lung', type: 'docker', slots: 1, maxRunners: 1 },
  docker: {
    ...{ image: 'lung:1', buildKwargs: {}, deviceRequests: [], runKwargs: {} },
    ...{ preScripts: [], postScripts: [] },
    ...{ moduleDirMount: '/module', dataDirMount: '/data', sessionDirMount: '/session' },
  },
};

const credentials = {
  ...{ accessKeyId: 'ASIAKEY', secretAccessKey: 'hidden', sessionToken: 'bounded', expiresAt: 0 },
};

const site = async (refusal?: () => Error | undefined, image?: WorkerImage) => {
  const sessions = memorySessions();
  const session = aSession({ state: 'PLANNING' });
  await sessions.createSession(session);
  await sessions.storePlan(
    session,
    [
      aNode(session.id, 0, {
        worker: 'lung',
        service: 'nodules',
        objectId: 'o',
        event: 'stable-series',
      }),
      aNode(session.id, 1, { worker: 'lung', objectId: 'o', event: 'stable-series' }),
    ],
    [],
    1,
  );
  const job = await sessions.queueJob(session.id, nodeId(0), 2);
  if (job === undefined) throw new Error('the job could not be queued');
  const executions = memoryExecutions();
  const queues = memoryQueues();
  const tasks = memoryTasks(refusal);
  const definitions: TaskDefinition[] = [];
  const places = memoryTaskPlaces();
  const deps = {
    ...{ sessions, executions, queues, tasks, places },
    versionOf: () => Promise.resolve(worker),
    workers: { get: (name: string) => Promise.resolve(name === 'lung' ? worker : undefined) },
    objects: {
      getJson: () =>
        Promise.resolve({
          ...{ sessionId: session.id, objectId: 'o', level: 'series', uid: '1.2' },
          ...{ event: 'stable-series', headers: { PeerUID: 'peer' }, params: {}, addedParams: {} },
        }),
    },
    ensureDefinition: (definition: TaskDefinition) => {
      definitions.push(definition);
      return Promise.resolve();
    },
    imageOf: () => Promise.resolve(image),
    definitionOf: (item: Parameters<typeof dockerTaskDefinition>[0], reference: string) =>
      dockerTaskDefinition(item, reference, {
        ...{ family: 'docker-lung', platformImage: 'gantry', environment: {}, program: [] },
        ...{ cpu: 1024, memoryMiB: 4096 },
      }),
    jobMachineArn: 'job',
    workQueueUrlPrefix: 'queue/work-',
    dockerQueueUrl: 'queue/tasks',
    gpuCapacity: { kind: 'here' } as const,
    credentialsOf: () => Promise.resolve(credentials),
    advanceQueueUrl: 'queue/advance',
    clock: () => 10,
  };
  const work = { sessionId: session.id, jobId: job.id, run: job.run, token: 'token' };
  const stored = async (): Promise<JobItem | undefined> => sessions.getJob(session.id, nodeId(0));
  return { deps, job, work, tasks, queues, executions, definitions, places, stored };
};

describe('a job of a docker worker', () => {
  it('gets a task whose image is told the nine variables and neither the job’s token nor its run', async () => {
    const { deps, job, work, tasks, definitions } = await site();

    expect(await startJobTask(deps, work)).toBe('started');

    const [task] = tasks.jobs;
    expect(task?.startedBy).toBe(executionName(job.id, job.run));
    expect(Object.keys(task?.environment['user'] ?? {})).toHaveLength(9);
    expect(JSON.stringify(task?.environment['user'])).not.toMatch(/token|AWS_|hidden|bounded/);
    expect(Object.keys(task?.environment ?? {})).toEqual(['fetch', 'user']);
    expect(task?.environment['fetch']).toMatchObject({
      GANTRY_TASK_TOKEN: 'token',
      AWS_ACCESS_KEY_ID: 'ASIAKEY',
      AWS_SECRET_ACCESS_KEY: 'hidden',
      AWS_SESSION_TOKEN: 'bounded',
    });
    expect(definitions.map(({ family }) => family)).toEqual(['docker-lung']);
  });

  it('runs the image by the digest that its making has told', async () => {
    const reference = `repository@sha256:${'0'.repeat(64)}`;
    const { deps, work, definitions } = await site(undefined, {
      ...{ state: 'READY', at: 1, build: 'b', reference },
    });

    await startJobTask(deps, work);

    const images = definitions[0]?.containerDefinitions.map(({ image }) => image);
    expect(images).toEqual(['gantry', reference, 'gantry']);
  });

  it('waits for an image that is being made, and says so', async () => {
    const { deps, work, queues, tasks, stored } = await site(undefined, {
      ...{ state: 'BUILDING', at: 0, build: 'b' },
    });

    expect(await startJobTask(deps, work)).toBe('not-started');

    expect(tasks.jobs).toEqual([]);
    expect((await stored())?.reason).toContain('is being made since 1970');
    expect(queues.sent).toMatchObject([{ queueUrl: 'queue/tasks', delaySeconds: 30 }]);
  });

  it('fails with the last words of a build that failed', async () => {
    const { deps, work, tasks, stored } = await site(undefined, {
      ...{ state: 'FAILED', at: 0, build: 'b', error: 'no matching distribution: torhc' },
    });

    expect(await startJobTask(deps, work)).toBe('failed');

    expect(tasks.jobs).toEqual([]);
    expect(await stored()).toMatchObject({
      state: 'FAILED',
      error: { type: 'ImageNotMade' },
      reason: expect.stringContaining('torhc') as string,
    });
  });

  it('stays queued with the reason when ECS has no place for its task, and is tried again', async () => {
    const { deps, work, queues, stored } = await site(() => new Error('no GPU capacity'));

    expect(await startJobTask(deps, work)).toBe('not-started');

    expect(await stored()).toMatchObject({
      state: 'QUEUED',
      reason: expect.stringContaining('no GPU capacity') as string,
    });
    expect(queues.sent).toContainEqual({
      queueUrl: 'queue/tasks',
      message: work,
      delaySeconds: 30,
    });
  });

  it('waits while another job of its worker has the only place, says so, and asks again', async () => {
    const { deps, work, queues, tasks, places, stored } = await site();
    const other = await deps.sessions.queueJob(work.sessionId, nodeId(1), 2);
    if (other === undefined) throw new Error('the job could not be queued');
    await places.take('lung', { place: '1', holder: executionName(other.id, other.run) });

    expect(await startJobTask(deps, work)).toBe('not-started');

    expect(tasks.jobs).toEqual([]);
    expect((await stored())?.reason).toBe(
      'Waits for a place: the worker "lung" has 1 tasks at a time (maxRunners).',
    );
    expect(queues.sent).toEqual([{ queueUrl: 'queue/tasks', message: work, delaySeconds: 15 }]);
    const ended = { state: 'SUCCEEDED' } as const;
    await deps.sessions.leaseJob(other.sessionId, other.nodeId, other.run, 'it', 3);
    await deps.sessions.finishJob(other.sessionId, other.nodeId, 1, ended, 4);
    expect(await startJobTask(deps, work)).toBe('started');
  });

  it('has one place, asked twice, and another run of it the same', async () => {
    const { deps, job, work, places } = await site();
    await startJobTask(deps, work);
    expect(await startJobTask(deps, work)).toBe('started');
    await jobTaskEnded(
      deps,
      { jobId: job.id, run: job.run },
      { stopCode: 'SpotInterruption', containers: [] },
    );

    expect(await startJobTask(deps, { ...work, run: 2 })).toBe('started');

    expect(await places.list('lung')).toEqual([{ place: '1', holder: executionName(job.id, 2) }]);
  });

  it('fails with the words of ECS when its image cannot be pulled', async () => {
    const { deps, job, work, stored, queues } = await site();
    await startJobTask(deps, work);
    const stopped = {
      stopCode: 'TaskFailedToStart',
      stoppedReason: 'CannotPullContainerError: lung:1 not found',
      containers: [],
    };

    expect(await jobTaskEnded(deps, { jobId: job.id, run: job.run }, stopped)).toBe('failed');
    expect(await jobTaskEnded(deps, { jobId: job.id, run: job.run }, stopped)).toBe('settled');

    expect(await stored()).toMatchObject({
      state: 'FAILED',
      reason: expect.stringContaining('lung:1 not found') as string,
    });
    expect(queues.sent.filter(({ queueUrl }) => queueUrl === 'queue/advance')).toHaveLength(1);
  });

  it('runs again when its task was interrupted, without a lost attempt', async () => {
    const { deps, job, work, stored } = await site();
    await startJobTask(deps, work);
    const stopped = { stopCode: 'SpotInterruption', containers: [] };

    expect(await jobTaskEnded(deps, { jobId: job.id, run: job.run }, stopped)).toBe('again');

    expect(await stored()).toMatchObject({ state: 'QUEUED', run: 2, lostAttempts: 0 });
  });

  it('fails after three tasks that ended without an outcome', async () => {
    const { deps, job, stored } = await site();
    const stopped = { stopCode: 'EssentialContainerExited', containers: [] };
    const ends: string[] = [];
    for (let run = 1; run <= 3; run += 1) {
      ends.push(await jobTaskEnded(deps, { jobId: job.id, run }, stopped));
    }

    expect(ends).toEqual(['again', 'again', 'failed']);
    expect(await stored()).toMatchObject({ state: 'FAILED', lostAttempts: 3 });
  });
});
