/** How big a worker's tasks are, and on what they run: what its package asks for, as ECS can give it. */
import type { GpuCapacity } from '../contracts/gpu-capacity.ts';
import type { TaskCapacity, TaskSize } from '../contracts/ports.ts';
import type { Priority } from '../contracts/vocabulary.ts';
import type { WorkerItem } from '../contracts/worker-item.ts';
import { SPOT_PRIORITIES } from './priorities.ts';

/** How many GPUs a worker asks for; "all" is one, for ECS gives GPUs by number. */
export const gpusOf = ({ gpu, docker }: Pick<WorkerItem, 'gpu' | 'docker'>): number => {
  if (gpu !== undefined) return gpu;
  const requests = docker?.deviceRequests ?? [];
  return requests.reduce(
    (sum, { count, device_ids: ids }) => sum + (ids?.length ?? Math.max(1, count ?? 1)),
    0,
  );
};

/** Where the worker's jobs of a priority run. */
export const capacityOf = (
  worker: Pick<WorkerItem, 'gpu' | 'docker'>,
  priority: Priority,
  gpu: GpuCapacity,
): TaskCapacity => {
  if (gpusOf(worker) === 0 || gpu.kind === 'here') return 'fargate';
  const hasSpot = 'spot' in gpu && gpu.spot !== undefined;
  return hasSpot && SPOT_PRIORITIES.includes(priority) ? 'gpu-spot' : 'gpu';
};

const FARGATE_UNITS = [256, 512, 1024, 2048, 4096, 8192, 16_384] as const;
const MAX_MEMORY: Readonly<Record<number, number>> = {
  256: 2048,
  512: 4096,
  1024: 8192,
  2048: 16_384,
  4096: 30_720,
  8192: 61_440,
  16384: 122_880,
};

/** The smallest that Fargate has with at least so much of both; its largest when there is none. */
export const fargateSize = (cpu: number, memoryMiB: number): { cpu: number; memoryMiB: number } => {
  const units =
    FARGATE_UNITS.find((one) => one >= cpu && (MAX_MEMORY[one] ?? 0) >= memoryMiB) ?? 16_384;
  const step = units >= 16_384 ? 8192 : units >= 8192 ? 4096 : 1024;
  const least = units >= 16_384 ? 32_768 : units >= 8192 ? 16_384 : units * 2;
  const steps = Math.ceil(memoryMiB / step) * step;
  return {
    cpu: units,
    memoryMiB: Math.min(MAX_MEMORY[units] ?? steps, Math.max(least, steps)),
  };
};

/** Whether Fargate has a task with at least so much of both. */
export const fitsFargate = (cpu: number, memoryMiB: number): boolean =>
  FARGATE_UNITS.some((units) => units >= cpu && (MAX_MEMORY[units] ?? 0) >= memoryMiB);

/** In units of CPU and MiB; `otherwise` is the size of a task whose worker asks for nothing. */
export const wantedSize = (
  { cpu, memoryMiB }: Pick<WorkerItem, 'cpu' | 'memoryMiB'>,
  otherwise: { readonly cpu: number; readonly memoryMiB: number },
): { cpu: number; memoryMiB: number } => ({
  cpu: cpu === undefined ? otherwise.cpu : Math.ceil(cpu * 1024),
  memoryMiB: memoryMiB ?? otherwise.memoryMiB,
});

/** What a worker changes of the size that the runners' task definition has; nothing when it asks for nothing. */
export const runnerSize = (
  worker: Pick<WorkerItem, 'cpu' | 'memoryMiB'>,
  capacity: TaskCapacity,
  defined: { readonly cpu: number; readonly memoryMiB: number },
): TaskSize => {
  const { cpu, memoryMiB } = worker;
  if (cpu === undefined && memoryMiB === undefined) return {};
  const wanted = wantedSize(worker, defined);
  if (capacity === 'fargate') return fargateSize(wanted.cpu, wanted.memoryMiB);
  return {
    cpu: cpu === undefined ? undefined : wanted.cpu,
    memoryMiB: memoryMiB === undefined ? undefined : wanted.memoryMiB,
  };
};
