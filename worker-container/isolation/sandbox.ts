/**
 * Bubblewrap around a process: it sees the folders of the system, its Python, and what it is given, and nothing
 * else of this computer; it has process numbers and shared memory of its own. The network stays. Started by root,
 * it takes the attempt's user id inside, so that even a Python below root's home can be used under that.
 */
import { readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import { delimiter, dirname, join, relative } from 'node:path';
import { pythonFolders } from './python-folders.ts';

/** What a process sees beside the system and its Python, at the paths that these have outside. */
export interface View {
  /** Folders; may be below what is readable, and the other way round. */
  readonly writable: readonly string[];
  readonly readable: readonly string[];
  /** Its `/tmp`. */
  readonly temporary: string;
  /** Seen as {@link SOCKETS_SEEN}. */
  readonly sockets?: string;
}

/** A sandbox, and what is to be seen in it. */
export interface Sandboxed {
  readonly sandbox: Sandbox;
  readonly view: View;
}

export interface PythonCommand {
  /** By its absolute path. */
  readonly python: string;
  readonly arguments: readonly string[];
  readonly workingDirectory: string;
  /** Undefined: the runner's own. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
}

/** A command for `spawn`, with what its options need to have. */
export interface PlacedCommand {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly options: { readonly cwd: string; readonly uid?: number; readonly gid?: number };
}

export interface Sandbox {
  /**
   * The command that runs another in the sandbox. Bubblewrap writes the number of its first process to
   * `infoDescriptor`, if there is one.
   */
  command(inside: PythonCommand, view: View, infoDescriptor?: number): Promise<PlacedCommand>;
}

/** Under its user id, in the sandbox if there is one. */
export const placedCommand = async (
  command: PythonCommand,
  sandboxed: Sandboxed | undefined,
  infoDescriptor?: number,
): Promise<PlacedCommand> =>
  sandboxed === undefined
    ? {
        program: command.python,
        arguments: command.arguments,
        // With a user id, Node takes the runner's supplementary groups away too.
        options: { cwd: command.workingDirectory, ...command.user },
      }
    : sandboxed.sandbox.command(command, sandboxed.view, infoDescriptor);

/** There can be no sandbox here. */
export class SandboxImpossible extends Error {
  override readonly name = 'SandboxImpossible';
}

/** Short, for a socket's address has 108 bytes. */
export const SOCKETS_SEEN = '/run/gantry';

/** Programs, libraries, settings, and what computers tell of their devices; read-only. */
const SYSTEM = /^(bin|etc|lib\d*|libx32|nix|opt|sbin|sys|usr)$/;
const GPU_DEVICES = /^(dri|dxg|kfd|nvidia.*)$/;
const RESOLVER = '/etc/resolv.conf';
/** All that it takes to enter a folder of the attempt's user, and to become that. */
const RIGHTS_TO_CHANGE_USER = ['CAP_SETUID', 'CAP_SETGID', 'CAP_SETPCAP', 'CAP_DAC_READ_SEARCH'];

const isWithin = (path: string, folder: string): boolean =>
  path === folder || !/^\.\.(\/|$)/.test(relative(folder, path));

const ancestors = (path: string): string[] => {
  const parent = dirname(path);
  return parent === '/' ? [] : [...ancestors(parent), parent];
};

/** Mounts are made in their order; above each there are folders that everybody may enter, which bubblewrap's own are not. */
const mount = (kind: '--bind' | '--ro-bind', path: string, seen = path): string[] => [
  ...ancestors(seen).flatMap((folder) => ['--dir', folder]),
  ...[kind, path, seen],
];

/** The folders of the system, and what of them is a link. */
const systemMounts = (): { readonly shown: readonly string[]; readonly mounts: string[] } => {
  const entries = readdirSync('/', { withFileTypes: true }).filter(({ name }) => SYSTEM.test(name));
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => `/${name}`);
  const links = entries.filter((entry) => entry.isSymbolicLink()).map(({ name }) => `/${name}`);
  return {
    shown: folders,
    mounts: [
      ...folders.flatMap((folder) => mount('--ro-bind', folder)),
      ...links.flatMap((link) => ['--symlink', readlinkSync(link), link]),
    ],
  };
};

/** Where names of the network are resolved by a service of the system, its file is a link to elsewhere. */
const resolverMounts = (shown: readonly string[]): string[] => {
  try {
    const file = realpathSync(RESOLVER);
    return shown.some((folder) => isWithin(file, folder)) ? [] : mount('--ro-bind', file);
  } catch {
    // There is none: names are resolved otherwise, or not at all.
    return [];
  }
};

const deviceMounts = (): string[] => [
  ...['--dev', '/dev'],
  ...readdirSync('/dev')
    .filter((name) => GPU_DEVICES.test(name))
    .flatMap((name) => ['--dev-bind-try', `/dev/${name}`, `/dev/${name}`]),
];

/** What is below another folder of the view is mounted after that. */
const viewMounts = ({ writable, readable }: View): string[] =>
  [
    ...writable.map((path) => ({ kind: '--bind', path }) as const),
    ...readable.map((path) => ({ kind: '--ro-bind', path }) as const),
  ]
    .sort((one, other) => (one.path < other.path ? -1 : 1))
    .flatMap(({ kind, path }) => mount(kind, path));

const find = async (program: string, path: string): Promise<string | undefined> => {
  for (const folder of path.split(delimiter).filter((one) => one !== '')) {
    const candidate = join(folder, program);
    const isExecutable = access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (await isExecutable) return candidate;
  }
  return undefined;
};

export interface SandboxOptions {
  /** The runner's `PATH`. */
  readonly path: string;
  /** The default worker's Python. */
  readonly python: string;
  /** Further folders to be seen as they are: where a site has models, for instance. */
  readonly folders: readonly string[];
  /** Never seen but for what a process is given, whatever it is in: where this Gantry has its things. */
  readonly hidden: string;
  /** Of `/dev/shm`, in bytes. */
  readonly sharedMemoryBytes: number;
}

/** Throws {@link SandboxImpossible} where bubblewrap is not installed. Whether it may work here, a trial tells. */
export const openSandbox = async (options: SandboxOptions): Promise<Sandbox> => {
  const { path, folders, hidden } = options;
  const bubblewrap = await find('bwrap', path);
  if (bubblewrap === undefined) {
    throw new SandboxImpossible('bubblewrap (the command bwrap) is not installed');
  }
  // By its path: inside, the first folder of PATH is that of the worker's Python.
  const setpriv = await find('setpriv', path);
  const system = systemMounts();
  const shown = [...system.shown, ...folders];
  const isHidden = system.shown.some((folder) => isWithin(hidden, folder));
  const holder = folders.find((folder) => isWithin(hidden, folder));
  if (holder !== undefined) {
    throw new SandboxImpossible(`callbacks are to see ${holder}, and that holds ${hidden}`);
  }
  const common = [
    ...system.mounts,
    ...resolverMounts(system.shown),
    ...(isHidden ? ['--tmpfs', hidden] : []),
    ...folders.flatMap((folder) => mount('--bind', folder)),
    ...deviceMounts(),
    ...['--size', String(options.sharedMemoryBytes), '--perms', '1777', '--tmpfs', '/dev/shm'],
    ...['--proc', '/proc'],
  ];
  const known = new Map<string, Promise<string[]>>();

  const mountsOf = async (python: string): Promise<string[]> => {
    const paths = await pythonFolders(python, { path, trusted: python === options.python });
    const missing = paths.filter(
      (one) => isWithin(one, hidden) || !shown.some((folder) => isWithin(one, folder)),
    );
    const showing = missing.find((folder) => isWithin(hidden, folder));
    if (showing !== undefined) {
      throw new SandboxImpossible(
        `the Python ${python} needs ${showing}, and that holds ${hidden}`,
      );
    }
    return missing
      .filter((one) => !missing.some((other) => other !== one && isWithin(one, other)))
      .flatMap((one) => mount('--ro-bind', one));
  };

  const pythonMounts = (python: string): Promise<string[]> => {
    const mounts = known.get(python) ?? mountsOf(python);
    known.set(python, mounts);
    mounts.catch(() => known.delete(python));
    return mounts;
  };

  const asUser = ({ uid, gid }: { readonly uid: number; readonly gid: number }): string[] => {
    if (setpriv === undefined) throw new SandboxImpossible('the command setpriv is not installed');
    return [
      ...[setpriv, '--reuid', String(uid), '--regid', String(gid), '--clear-groups'],
      ...['--inh-caps=-all', '--bounding-set=-all', '--no-new-privs'],
    ];
  };

  return {
    command: async ({ python, user, ...inside }, view, infoDescriptor) => ({
      program: bubblewrap,
      options: { cwd: '/' },
      arguments: [
        // First: the folders of others may be below it.
        ...['/tmp', '/var/tmp'].flatMap((seen) => mount('--bind', view.temporary, seen)),
        ...common,
        ...(await pythonMounts(python)),
        ...viewMounts(view),
        ...(view.sockets === undefined ? [] : mount('--ro-bind', view.sockets, SOCKETS_SEEN)),
        ...['--remount-ro', '/', '--remount-ro', '/dev'],
        ...['--unshare-pid', '--unshare-ipc', '--die-with-parent', '--new-session'],
        ...['--cap-drop', 'ALL'],
        ...(user === undefined ? [] : RIGHTS_TO_CHANGE_USER.flatMap((one) => ['--cap-add', one])),
        ...(infoDescriptor === undefined ? [] : ['--info-fd', String(infoDescriptor)]),
        ...['--chdir', inside.workingDirectory, '--'],
        ...(user === undefined ? [] : asUser(user)),
        ...[python, ...inside.arguments],
      ],
    }),
  };
};
