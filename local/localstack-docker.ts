/**
 * LocalStack in its Docker image, for a computer with Docker and without Java: functions and tasks are processes of
 * this computer all the same. The container shares its network and process numbers, and starts them in its root,
 * as the user who runs the tests.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startChildProgram, untilHealthy } from './child-program.ts';
import type { Emulator, EmulatorOptions, StartedEmulator } from './emulator.ts';
import { inherited } from './emulator.ts';
import { LOCALSTACK_FUNCTIONS_PYTHON } from './localstack.ts';
import {
  functionUrls,
  localStackHealthUrl,
  localStackVariables,
  tellLocalStack,
  LOCALSTACK_IMAGE,
} from './localstack-settings.ts';
import { REPOSITORY } from './settings.ts';

/** With the time that it takes to pull the image. */
const START_TIMEOUT_MS = 900_000;
const ROOT = '/gantry-root';

export interface DockerContainer {
  readonly port: number;
  readonly dataDirectory: string;
  /** For functions' code: below the data folder. */
  readonly temporary: string;
  readonly user: { readonly uid: number; readonly gid: number };
}

/** The arguments of `docker`: it runs in the foreground, and removes the container when it ends. */
export const dockerArguments = (container: DockerContainer): readonly string[] => {
  const { port, dataDirectory, temporary, user } = container;
  const variables = {
    ...localStackVariables(port),
    ACTIVATE_PRO: '0',
    DISABLE_EVENTS: '1',
    SKIP_SSL_CERT_DOWNLOAD: '1',
    DNS_ADDRESS: '0',
    DYNAMODB_IN_MEMORY: '1',
    TMPDIR: temporary,
    GANTRY_CHROOT: ROOT,
    GANTRY_CHROOT_USER: `${user.uid}:${user.gid}`,
  };
  const sources = join(REPOSITORY, 'local');
  const volumes = [`/:${ROOT}`, `${dataDirectory}:${dataDirectory}`, `${sources}:${sources}:ro`];
  return [
    ...['run', '--rm', '--name', `gantry-localstack-${port}`],
    ...['--network', 'host', '--pid', 'host'],
    ...volumes.flatMap((volume) => ['--volume', volume]),
    ...Object.entries(variables).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
    LOCALSTACK_IMAGE,
  ];
};

const startInDocker = async (options: EmulatorOptions): Promise<StartedEmulator> => {
  const { folder, port } = options;
  await writeFile(join(folder.temporary, 'package.json'), '{"type":"commonjs"}\n');
  const program = await startChildProgram({
    name: 'LocalStack (Docker)',
    command: 'docker',
    arguments: dockerArguments({
      port,
      dataDirectory: folder.root,
      temporary: folder.temporary,
      user: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
    }),
    workingDirectory: folder.root,
    logFile: join(folder.logs, 'localstack.log'),
    pidFolder: folder.pids,
    environment: { ...inherited(), PATH: process.env['PATH'] ?? '' },
  });
  return {
    ...program,
    answers: async (signal) => {
      await untilHealthy(program, localStackHealthUrl(port), START_TIMEOUT_MS, signal);
      await tellLocalStack(options);
    },
  };
};

/** The same LocalStack as in host mode, with the libraries that its image has. */
export const DOCKER_LOCALSTACK: Emulator = {
  python: LOCALSTACK_FUNCTIONS_PYTHON,
  ownsItsPort: true,
  keepsState: false,
  start: startInDocker,
  endpoints: functionUrls,
};
