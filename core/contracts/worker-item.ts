/**
 * An installed worker: the environment that jobs run in. The item under its name is the version that new sessions
 * are planned with; each version also stays under its content hash, for the sessions that were planned with it.
 */
import { z } from 'zod';

/** `default`: the platform's own Python. `venv`: a virtual environment with requirements. `docker`: an image. */
export const WORKER_TYPES = ['default', 'venv', 'docker'] as const;
export const WorkerType = z.enum(WORKER_TYPES);
export type WorkerType = z.infer<typeof WorkerType>;

/** One of docker's `device_requests`; `count` -1 means all devices. */
export const DeviceRequest = z.object({
  driver: z.string().optional(),
  count: z.int().optional(),
  device_ids: z.array(z.string()).optional(),
  capabilities: z.array(z.array(z.string())).optional(),
  options: z.record(z.string(), z.string()).optional(),
});
export type DeviceRequest = z.infer<typeof DeviceRequest>;

/** Paths are relative to the worker's folder, which is the root of its stored package. */
export const DockerSettings = z.object({
  /** The image to pull; absent when one is built and the package does not name it. */
  image: z.string().optional(),
  /** Path of the Dockerfile from which the image is built. */
  build: z.string().optional(),
  /** For docker-py's `api.build`, as the package has them. */
  buildKwargs: z.record(z.string(), z.unknown()),
  /** Instead of `python <module mount>/main.py`. */
  command: z.array(z.string()).optional(),
  deviceRequests: z.array(DeviceRequest),
  shmSizeMiB: z.int().min(1).optional(),
  networkMode: z.string().optional(),
  /** The other arguments for docker-py's `containers.run`, as the package has them. */
  runKwargs: z.record(z.string(), z.unknown()),
  preScripts: z.array(z.string()),
  postScripts: z.array(z.string()),
  /** A folder, or an archive whose content is the data. */
  dataDir: z.string().optional(),
  moduleDirMount: z.string(),
  dataDirMount: z.string(),
  sessionDirMount: z.string(),
});
export type DockerSettings = z.infer<typeof DockerSettings>;

export const WorkerItem = z.object({
  name: z.string(),
  type: WorkerType,
  /** Jobs that one runner works on at a time. */
  slots: z.int().min(1),
  maxRunners: z.int().min(1),
  /** Absent for the worker that every installation has; so are the other facts of a package. */
  version: z.string().optional(),
  summary: z.string().optional(),
  /** Content hash of what the manifest says of the worker and of its folder: names the stored package. */
  hash: z.string().optional(),
  installedAt: z.int().optional(),
  updatedAt: z.int().optional(),
  /** How long an idle runner stays; without it as long as those of the default worker. */
  lingerSeconds: z.int().min(0).optional(),
  /** Of one runner; without them the size of those of the default worker. */
  gpu: z.int().min(0).optional(),
  cpu: z.number().positive().optional(),
  memoryMiB: z.int().min(1).optional(),
  /** As the package writes it, such as `3.10`: of the virtual environment, or of docker's pre and post scripts. */
  pythonVersion: z.string().optional(),
  /** Hash of the Python version and of all that its requirements can refer to; absent for type `default`. */
  environmentHash: z.string().optional(),
  docker: DockerSettings.optional(),
});
export type WorkerItem = z.infer<typeof WorkerItem>;

/** What became of the last try to make the virtual environment of a worker's version. */
export const WorkerEnvironment = z.object({
  state: z.enum(['BUILDING', 'READY', 'FAILED']),
  at: z.int().describe('milliseconds'),
  /** The interpreter's version; it may be another than the package asks for, then `note` says so. */
  python: z.string().optional(),
  note: z.string().optional(),
  /** The end of what pip said. */
  error: z.string().optional(),
});
export type WorkerEnvironment = z.infer<typeof WorkerEnvironment>;
