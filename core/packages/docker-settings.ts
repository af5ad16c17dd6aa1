/** The `settings.json` of a docker worker: what docker-py is called with, checked before anything is built or run. */
import { z } from 'zod';
import { DeviceRequest, type DockerSettings } from '../contracts/worker-item.ts';
import { buildKwargsProblems } from './build-arguments.ts';
import { Memory } from './extensions.ts';
import { withoutUndefined } from './without-undefined.ts';

/** What the platform says itself: a second one would be a TypeError of docker-py. */
const OWN_RUN_KWARGS = [
  ...['image', 'command', 'volumes', 'environment', 'user', 'working_dir', 'detach', 'tty'],
  ...['remove', 'auto_remove', 'stdout', 'stderr'],
];
const OWN_BUILD_KWARGS = ['path', 'dockerfile', 'tag', 'fileobj', 'custom_context'];

const BYTES_PER_MEBIBYTE = 1024 ** 2;
const DEFAULT_MOUNTS = { module: '/module', data: '/data', session: '/session' } as const;
const ARCHIVES = ['.zip', '.tar', '.tar.gz', '.tgz', '.tar.bz2', '.tar.xz'];

const Kwargs = (own: readonly string[], whose: string) =>
  z
    .record(z.string(), z.unknown(), 'must be an object')
    .nullish()
    .transform((kwargs) => kwargs ?? {})
    .superRefine((kwargs, context) => {
      for (const name of Object.keys(kwargs)) {
        if (own.includes(name)) {
          context.addIssue({ code: 'custom', path: [name], message: `is ${whose}; remove it` });
        }
      }
    });

/** docker counts bytes where there is no unit. */
const ShmSize = z.preprocess(
  (value) => (typeof value === 'number' ? value / BYTES_PER_MEBIBYTE : value),
  Memory,
);

/** A reference as `docker pull` takes it: registry, path, tag or digest. */
const Image = z
  .string('must be a text')
  .regex(
    /^[\w.-]+(:\d+)?(\/[\w.-]+)*(:[\w.-]+)?(@sha256:[0-9a-f]{64})?$/,
    'is no image name, such as "pytorch/pytorch:2.4.0"',
  );

/** Of a file or folder of the worker's folder. */
const File = z
  .string("must be a path in the worker's folder")
  .min(1, 'must not be empty')
  .transform((path) => path.replaceAll('\\', '/').replace(/^\.\//, '').replace(/\/+$/, ''))
  .refine(
    (path) => !path.startsWith('/') && !path.split('/').includes('..'),
    "must be in the worker's folder",
  );

const Scripts = z
  .array(File, 'must be a list of files')
  .nullish()
  .transform((files) => files ?? []);

const Mount = (fallback: string) =>
  z
    .string('must be a path in the container')
    .regex(/^\/[^:]*[^/:]$/, 'must be an absolute path in the container, such as "/module"')
    .nullish()
    .transform((path) => path ?? fallback);

const absent = <T>(value: T | null | undefined): T | undefined => value ?? undefined;

const RunKwargs = Kwargs(OWN_RUN_KWARGS, 'what Gantry says itself').transform((kwargs, context) => {
  const known = z
    .object({
      device_requests: z
        .array(DeviceRequest, 'must be a list such as [{"count": -1, "capabilities": [["gpu"]]}]')
        .nullish(),
      shm_size: ShmSize,
      network_mode: z.string('must be a text').nullish(),
    })
    .safeParse(kwargs);
  if (!known.success) {
    for (const issue of known.error.issues) context.addIssue({ ...issue, code: 'custom' });
    return z.NEVER;
  }
  const { device_requests, shm_size, network_mode } = known.data;
  return {
    deviceRequests: device_requests ?? [],
    shmSizeMiB: shm_size,
    networkMode: absent(network_mode),
    runKwargs: Object.fromEntries(
      Object.entries(kwargs).filter(([name]) => !Object.hasOwn(known.data, name)),
    ),
  };
});

const Params = z
  .object(
    {
      command: z
        .array(z.string('must be a text'), 'must be a list of texts')
        .nullish()
        .transform((command) => (absent(command)?.length === 0 ? undefined : absent(command))),
      run_kwargs: RunKwargs,
    },
    'must be an object',
  )
  .nullish()
  .transform(
    (params) => params ?? { command: undefined, run_kwargs: { deviceRequests: [], runKwargs: {} } },
  );

export const DockerSettingsFile = z
  .object({
    image: Image.or(z.literal('')).nullish(),
    build: File.or(z.literal('')).nullish(),
    build_kwargs: Kwargs(OWN_BUILD_KWARGS, 'what Gantry says itself').superRefine(
      (kwargs, context) => {
        for (const { path, message } of buildKwargsProblems(kwargs)) {
          context.addIssue({ code: 'custom', path: [...path], message });
        }
      },
    ),
    params: Params,
    pre_scripts: Scripts,
    post_scripts: Scripts,
    data_dir: File.or(z.literal('')).nullish(),
    module_dir_mount: Mount(DEFAULT_MOUNTS.module),
    data_dir_mount: Mount(DEFAULT_MOUNTS.data),
    session_dir_mount: Mount(DEFAULT_MOUNTS.session),
  })
  .transform((file, context): DockerSettings => {
    const image = file.image === '' ? undefined : absent(file.image);
    const build = file.build === '' ? undefined : absent(file.build);
    if (image === undefined && build === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['image'],
        message: 'is missing: name an image, or the Dockerfile to build one from as "build"',
      });
    }
    const mounts = [file.module_dir_mount, file.data_dir_mount, file.session_dir_mount];
    if (new Set(mounts).size < mounts.length) {
      context.addIssue({
        code: 'custom',
        path: ['module_dir_mount'],
        message: 'must not be the same as another mount',
      });
    }
    return withoutUndefined({
      image,
      build,
      buildKwargs: file.build_kwargs,
      command: file.params.command,
      ...file.params.run_kwargs,
      preScripts: file.pre_scripts,
      postScripts: file.post_scripts,
      dataDir: file.data_dir === '' ? undefined : absent(file.data_dir),
      moduleDirMount: file.module_dir_mount,
      dataDirMount: file.data_dir_mount,
      sessionDirMount: file.session_dir_mount,
    });
  });

/** Each file that the settings name and the worker's folder does not have; `files` are relative to that folder. */
export const missingFiles = (
  settings: DockerSettings,
  files: readonly string[],
): { readonly field: string; readonly message: string }[] => {
  const named = [
    ...(settings.build === undefined ? [] : [{ field: 'build', path: settings.build }]),
    ...settings.preScripts.map((path, index) => ({ field: `pre_scripts[${index}]`, path })),
    ...settings.postScripts.map((path, index) => ({ field: `post_scripts[${index}]`, path })),
  ];
  const missing = named
    .filter(({ path }) => !files.includes(path))
    .map(({ field, path }) => ({ field, message: `the worker's folder has no file ${path}` }));
  const { dataDir } = settings;
  if (dataDir === undefined || files.some((file) => file.startsWith(`${dataDir}/`))) return missing;
  const isArchive = ARCHIVES.some((ending) => dataDir.endsWith(ending));
  return files.includes(dataDir) && isArchive
    ? missing
    : [
        ...missing,
        {
          field: 'data_dir',
          message: `the worker's folder has no folder ${dataDir} with files in it, and no archive (${ARCHIVES.join(', ')}) of that name`,
        },
      ];
};

/** GPUs that the container asks for; all of a computer's count as one, for one is what every GPU computer has. */
export const gpusRequested = ({ deviceRequests }: DockerSettings): number =>
  deviceRequests
    .filter(
      ({ capabilities = [], driver }) => driver === 'nvidia' || capabilities.flat().includes('gpu'),
    )
    .reduce(
      (sum, { count, device_ids: ids = [] }) =>
        sum + (ids.length > 0 ? ids.length : Math.max(1, count ?? 1)),
      0,
    );
