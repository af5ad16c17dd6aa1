/** On what a worker's tasks run, and how big they are. */
import { describe, expect, it } from 'vitest';
import { gpuCapacityOf } from '../../../core/contracts/gpu-capacity.ts';
import {
  capacityOf,
  fargateSize,
  fitsFargate,
  gpusOf,
  runnerSize,
} from '../../../core/running/task-size.ts';

const docker = {
  ...{ image: 'lung:1', buildKwargs: {}, deviceRequests: [], runKwargs: {} },
  ...{ preScripts: [], postScripts: [] },
  ...{ moduleDirMount: '/module', dataDirMount: '/data', sessionDirMount: '/session' },
};
const withSpot = gpuCapacityOf('gantry', 'managed-instances', true);
const onDemand = gpuCapacityOf('gantry', 'auto-scaling-group', false);

describe('where a worker’s jobs run', () => {
  it.each([
    ['on Fargate without a GPU', {}, 'normal', withSpot, 'fargate'],
    ['on GPU capacity with one', { gpu: 1 }, 'normal', onDemand, 'gpu'],
    ['on demand when they are not to be interrupted', { gpu: 1 }, 'higher', withSpot, 'gpu'],
    ['on Spot capacity when they may be', { gpu: 1 }, 'normal', withSpot, 'gpu-spot'],
    [
      'where everything runs in the embedded cloud',
      { gpu: 1 },
      'normal',
      { kind: 'here' },
      'fargate',
    ],
    [
      'on GPU capacity even where there is none: never without it',
      { gpu: 1 },
      'lower',
      { kind: 'none' },
      'gpu',
    ],
  ] as const)('is %s', (_where, worker, priority, gpu, expected) => {
    expect(capacityOf(worker, priority, gpu)).toBe(expected);
  });

  it('is in pools with names that tell their kinds apart', () => {
    expect(withSpot).toEqual({
      kind: 'managed-instances',
      onDemand: 'gantry-managed-instances-on-demand',
      spot: 'gantry-managed-instances-spot',
    });
    expect(onDemand).toMatchObject({ onDemand: 'gantry-auto-scaling-group-on-demand' });
  });
});

describe('what a worker needs', () => {
  it.each([
    ['none', [], 0],
    ['all, which is one', [{ count: -1 }], 1],
    ['as many as are named', [{ device_ids: ['0', '1'] }], 2],
  ])('is GPUs: %s', (_what, deviceRequests, expected) => {
    expect(gpusOf({ docker: { ...docker, deviceRequests } })).toBe(expected);
  });

  it.each([
    [1024, 4096, { cpu: 1024, memoryMiB: 4096 }],
    [1024, 9000, { cpu: 2048, memoryMiB: 9216 }],
    [3000, 1000, { cpu: 4096, memoryMiB: 8192 }],
    [16_384, 500_000, { cpu: 16_384, memoryMiB: 122_880 }],
  ])('is the next size that Fargate has: %i units, %i MiB', (cpu, memoryMiB, expected) => {
    expect(fargateSize(cpu, memoryMiB)).toEqual(expected);
  });

  it('may be more than Fargate has', () => {
    expect(fitsFargate(16_384, 122_880)).toBe(true);
    expect(fitsFargate(16_384, 122_881)).toBe(false);
    expect(fitsFargate(17_000, 1024)).toBe(false);
  });

  const defined = { cpu: 1024, memoryMiB: 4096 };

  it('is the size of the runners’ definition unless it says one', () => {
    expect(runnerSize({}, 'fargate', defined)).toEqual({});
    expect(runnerSize({ cpu: 4 }, 'fargate', defined)).toEqual({ cpu: 4096, memoryMiB: 8192 });
    expect(runnerSize({ memoryMiB: 30_000 }, 'gpu', defined)).toEqual({ memoryMiB: 30_000 });
  });
});
