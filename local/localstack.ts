/**
 * LocalStack in the place of the default emulator: a second opinion on what we believe of AWS. Its community
 * edition runs functions with Docker and no ECS tasks; local/localstack/ has plugins that run both as processes.
 * It keeps nothing when it is stopped. Here it is a process of this computer, or one that somebody else started.
 */
import { mkdirSync } from 'node:fs';
import { symlink, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { startChildProgram, untilHealthy } from './child-program.ts';
import { isDeployed } from './deployment.ts';
import {
  emulatedAws,
  inherited,
  type Emulator,
  type EmulatorOptions,
  type Installation,
  type StartedEmulator,
} from './emulator.ts';
import { javaLibraries } from './localstack-java.ts';
import {
  checkVariables,
  functionUrls,
  localStackHealthUrl,
  LocalStackUnfit,
  localStackVariables,
  tellLocalStack,
} from './localstack-settings.ts';

const START_TIMEOUT_MS = 120_000;

const startInHostMode = async (
  options: EmulatorOptions & Installation,
): Promise<StartedEmulator> => {
  const { folder, port, pythonEnvironment } = options;
  const libraries = await javaLibraries(options);
  // LocalStack's own file system: nothing in it outlives it.
  const root = join(folder.temporary, 'localstack');
  const lib = join(root, 'var', 'lib', 'localstack', 'lib');
  mkdirSync(dirname(lib), { recursive: true });
  await symlink(libraries, lib);
  await writeFile(join(folder.temporary, 'package.json'), '{"type":"commonjs"}\n');
  const python = join(pythonEnvironment, 'bin');
  const program = await startChildProgram({
    name: 'LocalStack',
    command: join(python, 'python'),
    arguments: ['-m', 'localstack.runtime.main'],
    workingDirectory: folder.root,
    logFile: join(folder.logs, 'localstack.log'),
    pidFolder: folder.pids,
    environment: {
      ...inherited(),
      ...emulatedAws(port),
      ...localStackVariables(port),
      PATH: [dirname(process.execPath), python, process.env['PATH'] ?? ''].join(delimiter),
      PYTHONUNBUFFERED: '1',
      TMPDIR: folder.temporary,
      FILESYSTEM_ROOT: root,
      // Else it writes where its image has its folders.
      OVERRIDE_IN_DOCKER: '0',
      ACTIVATE_PRO: '0',
      DISABLE_EVENTS: '1',
      SQS_DISABLE_CLOUDWATCH_METRICS: '1',
      SKIP_SSL_CERT_DOWNLOAD: '1',
      DNS_ADDRESS: '0',
      DYNAMODB_IN_MEMORY: '1',
    },
  });
  return {
    ...program,
    answers: async (signal) => {
      await untilHealthy(program, localStackHealthUrl(port), START_TIMEOUT_MS, signal);
      await tellLocalStack(options);
    },
  };
};

/** LocalStack 4.9.2, the last release whose community edition asks for no token. */
export const LOCALSTACK: Emulator = {
  python: { name: 'localstack', requirements: 'local/localstack/requirements.txt', paths: [] },
  ownsItsPort: true,
  keepsState: false,
  start: startInHostMode,
  endpoints: functionUrls,
};

/** For Python functions, where LocalStack's own Python is somewhere else. */
export const LOCALSTACK_FUNCTIONS_PYTHON: Emulator['python'] = {
  name: 'localstack-functions',
  requirements: 'local/localstack/functions-requirements.txt',
  paths: [],
};

const useRunning = async (options: EmulatorOptions): Promise<StartedEmulator> => {
  const { port } = options;
  const health = await fetch(localStackHealthUrl(port)).catch(() => undefined);
  if (health?.ok !== true) throw new LocalStackUnfit(port, 'it does not answer.');
  await checkVariables(port);
  if (await isDeployed(port)) {
    throw new LocalStackUnfit(port, 'it has the Gantry of an earlier run, and would keep it.');
  }
  await tellLocalStack(options);
  return {
    ended: new Promise(() => undefined),
    // Whoever started it stops it.
    stop: () => Promise.resolve(false),
    answers: () => Promise.resolve(),
  };
};

/** One that runs on this computer already: what it runs for this Gantry are processes of this clone. */
export const RUNNING_LOCALSTACK: Emulator = {
  ...LOCALSTACK,
  python: LOCALSTACK_FUNCTIONS_PYTHON,
  ownsItsPort: false,
  start: useRunning,
};
