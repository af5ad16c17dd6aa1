/** A docker worker's task definition: what the user's container has, and above all what it has not. */
import { describe, expect, it } from 'vitest';
import { dockerTaskDefinition, type TaskSite } from '../../../core/running/docker-task.ts';

const docker = {
  image: 'registry.example/lung:1',
  buildKwargs: {},
  deviceRequests: [],
  runKwargs: {},
  preScripts: [],
  postScripts: [],
  moduleDirMount: '/code',
  dataDirMount: '/data',
  sessionDirMount: '/session',
};
const worker = { name: 'lung', type: 'docker', slots: 1, maxRunners: 1, docker } as const;
const site = {
  family: 'gantry-docker-lung-0123',
  platformImage: 'gantry/docker-task',
  program: ['/app/docker-task.mjs'],
  environment: { GANTRY_TABLE: 'table' },
  cpu: 1024,
  memoryMiB: 4096,
  onAws: { executionRoleArn: 'arn:execution', logGroup: 'logs', region: 'eu-central-1' },
};
const containerOf = (name: string, settings: object = {}) =>
  dockerTaskDefinition({ ...worker, ...settings }, 'lung@sha256:0', site).containerDefinitions.find(
    (container) => container.name === name,
  );

describe('the task of a docker worker', () => {
  it('has no role, so that no container of it has credentials', () => {
    expect(dockerTaskDefinition(worker, 'lung', site)).not.toHaveProperty('taskRoleArn');
  });

  it('starts the image and the report only when the fetch has succeeded', () => {
    const after = [{ containerName: 'fetch', condition: 'SUCCESS' }];

    expect(containerOf('user')?.dependsOn).toEqual(after);
    expect(containerOf('report')?.dependsOn).toEqual(after);
  });

  it('ends with its report and with nothing else', () => {
    const essential = ['fetch', 'user', 'report'].filter((name) => containerOf(name)?.essential);

    expect(essential).toEqual(['report']);
  });

  it('gives the image the three folders and neither the private one nor the platform’s variables', () => {
    const user = containerOf('user');

    expect(user?.mountPoints.map((point) => [point.sourceVolume, point.containerPath])).toEqual([
      ['module', '/code'],
      ['data', '/data'],
      ['session', '/session'],
    ]);
    expect(user?.environment.map(({ name }) => name)).toEqual(['PYTHONPATH', 'PYTHONUNBUFFERED']);
    expect(user?.linuxParameters?.capabilities.drop).toEqual(['ALL']);
    expect(user?.user).not.toMatch(/^0|root/);
  });

  it('calls main.py of the module folder unless the worker has a command of its own', () => {
    expect(containerOf('user')?.command).toEqual(['python', '/code/main.py']);
    expect(containerOf('user', { docker: { ...docker, command: ['run'] } })?.command).toEqual([
      'run',
    ]);
  });

  it('is told its network mode on one computer; on AWS a task has an address of its own', () => {
    const settings = { ...worker, docker: { ...docker, networkMode: 'none' } };
    const { onAws, ...here } = site;
    const labels = (where: TaskSite) =>
      dockerTaskDefinition(settings, 'lung', where).containerDefinitions.map(
        ({ name, dockerLabels }) => [name, dockerLabels],
      );

    expect(labels(here)).toContainEqual(['user', { 'gantry.network-mode': 'none' }]);
    expect(labels({ ...here, onAws }).filter(([, one]) => one !== undefined)).toEqual([]);
  });

  it('runs on GPU capacity with the GPUs and the shared memory that the worker asks for', () => {
    const settings = {
      docker: {
        ...docker,
        shmSizeMiB: 8192,
        deviceRequests: [{ count: 2, capabilities: [['gpu']] }],
      },
    };

    const gpu = { cpu: 3686, memoryMiB: 14_745 };
    const onPool = (kind: 'managed-instances' | 'auto-scaling-group') =>
      dockerTaskDefinition({ ...worker, ...settings }, 'lung', { ...site, gpu: { ...gpu, kind } });
    expect(onPool('managed-instances')).toMatchObject({
      requiresCompatibilities: ['MANAGED_INSTANCES'],
      cpu: '3686',
      memory: '14745',
    });
    expect(onPool('auto-scaling-group')).toMatchObject({ requiresCompatibilities: ['EC2'] });
    expect(
      onPool('managed-instances').containerDefinitions.find(({ name }) => name === 'user'),
    ).toMatchObject({
      resourceRequirements: [{ type: 'GPU', value: '2' }],
      linuxParameters: { sharedMemorySize: 8192 },
    });
  });
});
