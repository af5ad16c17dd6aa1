/**
 * The user's container as ECS tells about it to the other containers of its task: the task metadata endpoint,
 * version 4. It has no credentials and no rate limit.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

const TaskMetadata = z.object({
  TaskARN: z.string(),
  Containers: z.array(
    z.object({
      Name: z.string(),
      KnownStatus: z.string().optional(),
      ExitCode: z.int().optional(),
    }),
  ),
});

export interface ContainerEnd {
  /** Undefined when it never ran. */
  readonly exitCode: number | undefined;
}

export interface TaskMetadataEndpoint {
  taskArn(): Promise<string>;
  /** Undefined while the container is starting or running. */
  endOf(container: string): Promise<ContainerEnd | undefined>;
}

export const taskMetadata = (uri: string): TaskMetadataEndpoint => {
  const read = async () => {
    const response = await fetch(`${uri}/task`, { signal: AbortSignal.timeout(5000) });
    return TaskMetadata.parse(await response.json());
  };
  return {
    taskArn: async () => (await read()).TaskARN,
    endOf: async (name) => {
      const container = (await read()).Containers.find(({ Name }) => Name === name);
      return container?.KnownStatus === 'STOPPED' ? { exitCode: container.ExitCode } : undefined;
    },
  };
};

const LOOK_EVERY_MS = 500;

/** Resolves at the container's end; undefined when `signal` came first. A look that fails says nothing. */
export const containerEnd = async (
  metadata: TaskMetadataEndpoint,
  container: string,
  signal: AbortSignal,
): Promise<ContainerEnd | undefined> => {
  while (!signal.aborted) {
    const end = await metadata.endOf(container).catch(() => undefined);
    if (end !== undefined) return end;
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
};
