/** What ECS is asked for: RunTask of runners and of docker jobs. */
import { ECSClient, RunTaskCommand } from '@aws-sdk/client-ecs';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { ecsTasks } from '../../aws/tasks.ts';
import { gpuCapacityOf, type GpuCapacity } from '../../core/contracts/gpu-capacity.ts';
import type { JobTask, RunnerTask } from '../../core/contracts/ports.ts';

const cluster = (gpu: GpuCapacity) => {
  const client = new ECSClient({ region: 'eu-central-1' });
  const ecs = mockClient(client);
  ecs.on(RunTaskCommand).resolves({ tasks: [{ taskArn: 'arn:task/1' }] });
  const tasks = ecsTasks(client, {
    ...{ cluster: 'gantry-workers', subnets: ['subnet-1'], securityGroups: ['sg-1'], gpu },
  });
  return { tasks, asked: () => ecs.commandCalls(RunTaskCommand).map(({ args }) => args[0].input) };
};
const runner: RunnerTask = {
  ...{ family: 'gantry-runner-default', startedBy: 'runner-1', environment: { A: 'b' } },
  ...{ capacity: 'fargate', size: {}, gpus: 0 },
};
const job: JobTask = {
  ...{ taskDefinition: 'gantry-docker-lung-0', startedBy: 's-n-r1' },
  ...{ environment: { user: { A: 'b' } }, capacity: 'fargate' },
};
const withSpot = gpuCapacityOf('gantry', 'managed-instances', true);

describe('RunTask', () => {
  it('runs what has no GPU on Fargate, in the size that its worker asks for', async () => {
    const { tasks, asked } = cluster(withSpot);

    await tasks.run({ ...runner, size: { cpu: 2048, memoryMiB: 9216 } });
    await tasks.run(runner);
    await tasks.runJob(job);

    expect(asked().map(({ launchType }) => launchType)).toEqual(['FARGATE', 'FARGATE', 'FARGATE']);
    expect(asked()[0]?.overrides).toMatchObject({ cpu: '2048', memory: '9216' });
    expect(Object.keys(asked()[1]?.overrides ?? {})).toEqual(['containerOverrides']);
  });

  it('runs what has GPUs in the pool of its capacity, and never on Fargate', async () => {
    const { tasks, asked } = cluster(withSpot);

    await tasks.run({ ...runner, capacity: 'gpu', gpus: 2 });
    await tasks.run({ ...runner, capacity: 'gpu-spot', gpus: 1 });
    await tasks.runJob({ ...job, capacity: 'gpu' });

    expect(asked().map(({ launchType }) => launchType)).toEqual([undefined, undefined, undefined]);
    expect(asked().map((input) => input.capacityProviderStrategy?.[0]?.capacityProvider)).toEqual([
      'gantry-managed-instances-on-demand',
      'gantry-managed-instances-spot',
      'gantry-managed-instances-on-demand',
    ]);
    expect(asked()[0]?.overrides?.containerOverrides).toEqual([
      {
        name: 'main',
        environment: [{ name: 'A', value: 'b' }],
        resourceRequirements: [{ type: 'GPU', value: '2' }],
      },
    ]);
  });

  it('is not called twice for one runner or one run of a job', async () => {
    const { tasks, asked } = cluster(withSpot);

    await tasks.run(runner);
    await tasks.runJob(job);

    expect(asked().map(({ clientToken, startedBy }) => [clientToken, startedBy])).toEqual([
      ['runner-1', 'runner-1'],
      ['s-n-r1', 's-n-r1'],
    ]);
  });

  it('says that the deployment has no GPU capacity instead of running without', async () => {
    const { tasks, asked } = cluster({ kind: 'none' });

    await expect(tasks.run({ ...runner, capacity: 'gpu', gpus: 1 })).rejects.toThrow(
      'no GPU capacity',
    );
    await expect(tasks.runJob({ ...job, capacity: 'gpu' })).rejects.toThrow('no GPU capacity');
    expect(asked()).toEqual([]);
  });
});
