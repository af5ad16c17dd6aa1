/**
 * Where tasks with GPUs run, as the CDK app tells it to the functions that start tasks. The pools have names of
 * their own, because they are made after those functions: a name needs no order of stacks.
 */
import { ENV, resourceNames } from './names.ts';

export const GPU_POOL_KINDS = ['managed-instances', 'auto-scaling-group'] as const;
export type GpuPoolKind = (typeof GPU_POOL_KINDS)[number];

/** `here`: the embedded cloud, where a task has whatever the computer has. `none`: no task with a GPU can run. */
export type GpuCapacity =
  | { readonly kind: 'here' | 'none' }
  | {
      readonly kind: GpuPoolKind;
      readonly onDemand: string;
      /** Undefined where the site wants no Spot capacity. */
      readonly spot: string | undefined;
    };

/** What ECS calls a task definition that fits the machines of a pool. */
export const GPU_COMPATIBILITY = {
  'managed-instances': 'MANAGED_INSTANCES',
  'auto-scaling-group': 'EC2',
} as const satisfies Record<GpuPoolKind, string>;

/** `spot`: whether there is a pool of Spot capacity beside the one on demand. */
export const gpuCapacityOf = (
  deployment: string,
  kind: GpuPoolKind | 'here' | 'none',
  spot: boolean,
): GpuCapacity => {
  if (kind === 'here' || kind === 'none') return { kind };
  const { gpuCapacityProvider } = resourceNames(deployment);
  return {
    kind,
    onDemand: gpuCapacityProvider(kind, 'on-demand'),
    spot: spot ? gpuCapacityProvider(kind, 'spot') : undefined,
  };
};

/** The environment of a function that starts tasks. */
export const gpuVariables = (
  kind: GpuPoolKind | 'here' | 'none',
  spot: boolean,
): Record<string, string> => ({ [ENV.gpuKind]: kind, [ENV.gpuSpot]: String(spot) });

/** What {@link gpuVariables} wrote; without them there is none. */
export const readGpuCapacity = (
  environment: Readonly<Record<string, string | undefined>>,
  deployment: string,
): GpuCapacity => {
  const kind = environment[ENV.gpuKind];
  const known = ([...GPU_POOL_KINDS, 'here'] as const).find((one) => one === kind) ?? 'none';
  return gpuCapacityOf(deployment, known, environment[ENV.gpuSpot] === 'true');
};
