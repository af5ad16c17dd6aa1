/**
 * A docker worker's task, as those who register it, start it and stand in it agree on it: its containers, the
 * volumes that they share, and where `fetch` and `report` find them. What packages see is only where the worker
 * mounts them.
 */
import type { DockerSettings } from './worker-item.ts';

/** In the order in which they start: `user` and `report` when `fetch` has ended well. */
export const TASK_CONTAINERS = { fetch: 'fetch', user: 'user', report: 'report' } as const;

/** Of the user's container: `network_mode`, which no property of a container of ECS says. Read on one computer. */
export const NETWORK_MODE_LABEL = 'gantry.network-mode';

/** In the image of worker-container/: see its Dockerfile. */
export const TASK_PROGRAM = '/app/docker-task.mjs';

/** `private` is never mounted into the user's container. */
export const TASK_VOLUMES = ['private', 'module', 'data', 'session'] as const;
export type TaskVolume = (typeof TASK_VOLUMES)[number];

/** Of `fetch` and `report`. */
export const volumePath = (volume: TaskVolume): string => `/gantry/${volume}`;

/** Where the user's container has each volume. */
export const mountsOf = (
  settings: Pick<DockerSettings, 'moduleDirMount' | 'dataDirMount' | 'sessionDirMount'>,
): Readonly<Record<Exclude<TaskVolume, 'private'>, string>> => ({
  module: settings.moduleDirMount,
  data: settings.dataDirMount,
  session: settings.sessionDirMount,
});
