/**
 * The Python of a job's worker: the platform's own, or that of the virtual environment of the worker's version,
 * fetched or made if it is not there. How the making went is stored for `gantry worker show`.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { objectKeys } from '../../core/contracts/object-keys.ts';
import type { JobItem } from '../../core/contracts/items.ts';
import type { ObjectStore } from '../../core/contracts/ports.ts';
import type {
  WorkerEnvironment,
  WorkerItem,
  WorkerType,
} from '../../core/contracts/worker-item.ts';
import { recentlyRead } from '../../core/running/recently-read.ts';
import { placedCommand, type Sandbox } from '../isolation/sandbox.ts';
import type { UserIds } from '../isolation/user-ids.ts';
import { unpackZip } from '../staging/service-modules.ts';
import { buildEnvironment, EnvironmentNotBuilt, type SdkFacts } from './build-environment.ts';
import type { Environment, EnvironmentFacts, Environments } from './environments.ts';
import {
  chooseInterpreter,
  NoInterpreter,
  showVersion,
  type ChosenInterpreter,
} from './interpreters.ts';
import type { SharedEnvironments } from './shared-environments.ts';

/** What a job is run with. */
export interface WorkerPython {
  readonly path: string;
  readonly type: Exclude<WorkerType, 'docker'>;
  /** Lines for the job's log: in what the environment differs from what its worker asks for. */
  readonly notes: readonly string[];
}

/** Workers as they are stored. */
export interface WorkerVersions {
  /** The version that the job's session was planned with. */
  versionOf(job: Pick<JobItem, 'worker' | 'workerHash'>): Promise<WorkerItem | undefined>;
  putEnvironment(worker: string, hash: string, environment: WorkerEnvironment): Promise<void>;
}

export interface WorkerPythonsOptions {
  /** The default worker's. */
  readonly python: string;
  readonly path: string;
  /** Of the runner's own environment: settings of pip and of the network. */
  readonly settings: Readonly<Record<string, string>>;
  readonly versions: WorkerVersions;
  readonly environments: Environments;
  readonly shared: SharedEnvironments;
  readonly objects: Pick<ObjectStore, 'getBytes'>;
  readonly users: UserIds | undefined;
  readonly sandbox: Sandbox | undefined;
  /** Where uv keeps interpreters. */
  readonly uvFolder: string;
  readonly clock: () => number;
  readonly signal: AbortSignal;
  readonly onBuild: (worker: string, facts: Readonly<Record<string, unknown>>) => void;
}

/** The package's names of distributions whose versions the default worker has. */
const SDK_PROBE = `
import importlib.metadata as m, json, os
import dcm_processor_lib, dcm_processor_service, gantry_worker
def version(name):
    try:
        return m.version(name)
    except m.PackageNotFoundError:
        return None
names = gantry_worker.LIBRARIES
print(json.dumps({
    "packages": [os.path.dirname(p.__file__) for p in (dcm_processor_lib, dcm_processor_service, gantry_worker)],
    "libraries": {n: v for n in names if (v := version(n))},
}))
`;

/** Those that decide what is installed; of proxies and certificates nothing stays in an environment. */
const installationSettings = (settings: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(settings).filter(([name]) => name.startsWith('PIP_')));

/** Of a runner's one worker: those that sessions which run were planned with. */
const VERSIONS = 100;

type Versioned = WorkerItem & { readonly hash: string };

const execute = (
  command: string,
  args: readonly string[],
  options: {
    readonly env: NodeJS.ProcessEnv;
    readonly cwd?: string;
    readonly uid?: number;
    readonly gid?: number;
  },
): Promise<string> =>
  new Promise((resolve, reject) => {
    execFile(command, [...args], { cwd: '/', timeout: 60_000, ...options }, (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(new Error(error.message, { cause: error }));
    });
  });

const hashOfFolder = async (folder: string): Promise<string> => {
  const hash = createHash('sha256');
  const names = await readdir(folder, { recursive: true });
  for (const name of names.filter((one) => one.endsWith('.py')).sort()) {
    hash.update(JSON.stringify(name)).update(await readFile(join(folder, name)));
  }
  return hash.digest('hex');
};

interface Sdk extends SdkFacts {
  /** Of everything in it: another SDK is another environment. */
  readonly hash: string;
}

export const workerPythons = (options: WorkerPythonsOptions) => {
  const { python, path, settings, versions, environments, objects, users, sandbox } = options;
  const bare = { PATH: path, LANG: 'C.UTF-8', ...settings };
  let sdk: Promise<Sdk> | undefined;
  /** Its content is what its hash says, and it is never taken away. */
  const versionOf = recentlyRead(VERSIONS, (key) =>
    versions.versionOf(JSON.parse(key) as Pick<JobItem, 'worker' | 'workerHash'>),
  );

  const readSdk = async (): Promise<Sdk> => {
    const facts = JSON.parse(await execute(python, ['-c', SDK_PROBE], { env: bare })) as SdkFacts;
    const hashes = await Promise.all(facts.packages.map(hashOfFolder));
    return { ...facts, hash: JSON.stringify([hashes, facts.libraries]) };
  };

  /** Under a user id, and in a sandbox, as callbacks have them. */
  const usable = async (command: string): Promise<boolean> => {
    const user = await users?.take();
    const temporary = await mkdtemp(join(tmpdir(), 'gantry-python-'));
    try {
      const placed = await placedCommand(
        {
          ...{ python: command, arguments: ['-c', 'pass'], workingDirectory: '/' },
          user: user && { uid: user.uid, gid: user.gid },
        },
        sandbox && { sandbox, view: { temporary, readable: [], writable: [] } },
      );
      await execute(placed.program, placed.arguments, { env: bare, ...placed.options });
      return true;
    } catch {
      return false;
    } finally {
      await user?.release();
      await rm(temporary, { recursive: true, force: true });
    }
  };

  /** Workers of which this runner has told that their environment is there, by their hash. */
  const told = new Set<string>();

  const report = ({ name, hash }: Versioned, environment: Omit<WorkerEnvironment, 'at'>) =>
    versions.putEnvironment(name, hash, { ...environment, at: options.clock() });

  const build = async (
    worker: Versioned,
    folder: string,
    sdkFacts: Sdk,
    interpreter: ChosenInterpreter,
  ): Promise<EnvironmentFacts> => {
    const { name, hash } = worker;
    await report(worker, { state: 'BUILDING' });
    const began = performance.now();
    const packageFolder = await mkdtemp(join(tmpdir(), 'gantry-worker-'));
    try {
      const bytes = await objects.getBytes(objectKeys.workerPackage(name, hash));
      await unpackZip(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), packageFolder);
      const lacking = await buildEnvironment({
        ...{ interpreter: interpreter.path, folder, packageFolder, sdk: sdkFacts },
        ...{ users, sandbox, path, settings, signal: options.signal },
      });
      const notes = [interpreter.note, lacking].flatMap((note) => note ?? []);
      options.onBuild(name, { seconds: Math.round((performance.now() - began) / 1000) });
      return { python: showVersion(interpreter.version), notes };
    } finally {
      await rm(packageFolder, { recursive: true, force: true });
    }
  };

  const interpreterFor = async ({ pythonVersion = '3' }: Versioned): Promise<ChosenInterpreter> => {
    try {
      return await chooseInterpreter({
        ...{ wanted: pythonVersion, python, path, usable, uvFolder: options.uvFolder },
        environment: bare,
      });
    } catch (error) {
      throw error instanceof NoInterpreter ? new EnvironmentNotBuilt(error.message, '') : error;
    }
  };

  const fetchOrBuild = async (
    worker: Versioned,
    folder: string,
    sdkFacts: Sdk,
  ): Promise<EnvironmentFacts> => {
    const interpreter = await interpreterFor(worker);
    const identity = {
      ...{ environmentHash: worker.environmentHash, sdkHash: sdkFacts.hash, interpreter, folder },
      platform: `${process.platform}-${process.arch}`,
      settings: installationSettings(settings),
    };
    return options.shared.make(identity, (target) => build(worker, target, sdkFacts, interpreter));
  };

  const environmentOf = async (worker: Versioned, sdkFacts: Sdk): Promise<Environment> => {
    try {
      const environment = await environments.use(
        [worker.environmentHash, sdkFacts.hash],
        (folder) => fetchOrBuild(worker, folder, sdkFacts),
      );
      if (!told.has(worker.hash)) {
        told.add(worker.hash);
        const note = environment.notes.join('; ');
        const lacks = note === '' ? {} : { note };
        await report(worker, { state: 'READY', python: environment.python, ...lacks });
      }
      return environment;
    } catch (error) {
      if (error instanceof EnvironmentNotBuilt) {
        const { message, output } = error;
        await report(worker, { state: 'FAILED', error: output === '' ? message : output });
      }
      throw error;
    }
  };

  return {
    /** Throws EnvironmentNotBuilt, or BuildStopped. */
    pythonOf: async (job: Pick<JobItem, 'worker' | 'workerHash'>): Promise<WorkerPython> => {
      const { worker: name, workerHash } = job;
      const worker = await versionOf(JSON.stringify({ worker: name, workerHash }));
      if (worker === undefined && job.workerHash !== undefined) {
        // On the default Python it would run with other libraries than its package asks for.
        throw new EnvironmentNotBuilt(
          `the worker ${job.worker ?? ''} that this job was planned with is not installed any more`,
          '',
        );
      }
      if (worker?.hash === undefined || worker.type === 'default') {
        return { path: python, type: 'default', notes: [] };
      }
      if (worker.type === 'docker') {
        throw new EnvironmentNotBuilt(
          `the worker ${worker.name} runs containers; a runner has no Python for it`,
          '',
        );
      }
      sdk ??= readSdk();
      const sdkFacts = await sdk;
      const versioned = { ...worker, hash: worker.hash };
      const environment = await environmentOf(versioned, sdkFacts);
      return { path: environment.path, type: 'venv', notes: environment.notes };
    },
  };
};

export type WorkerPythons = ReturnType<typeof workerPythons>;
