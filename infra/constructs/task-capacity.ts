/** What the functions that start tasks have to know of where those run, and how big they are. */
import { gpuVariables } from '../../core/contracts/gpu-capacity.ts';
import { ENV } from '../../core/contracts/names.ts';
import type { SiteConfig } from '../config.ts';

/** ECS and the machine itself need the rest. */
const SHARE_OF_MACHINE = 0.9;

/** Of a task with GPUs whose worker asks for no size: nearly all of the smallest machine that the site allows. */
export const gpuTaskSize = ({ gpu }: SiteConfig): { cpu: number; memoryMiB: number } => ({
  cpu: Math.floor(gpu.minVcpus * 1024 * SHARE_OF_MACHINE),
  memoryMiB: Math.floor(gpu.minMemoryMiB * SHARE_OF_MACHINE),
});

export const taskCapacityVariables = (config: SiteConfig): Record<string, string> => {
  const size = gpuTaskSize(config);
  return {
    [ENV.runnerCpu]: String(config.runners.cpu),
    [ENV.runnerMemoryMiB]: String(config.runners.memoryMiB),
    ...gpuVariables(config.profile === 'embedded' ? 'here' : config.gpu.kind, config.gpu.spot),
    [ENV.gpuTaskCpu]: String(size.cpu),
    [ENV.gpuTaskMemoryMiB]: String(size.memoryMiB),
  };
};
