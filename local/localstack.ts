/**
 * LocalStack in the place of the default emulator: a second opinion on what we believe of AWS. Its community
 * edition runs functions with Docker and no ECS tasks; local/localstack/ has plugins that run both as processes.
 * It keeps nothing when it is stopped.
 */
import { execFileSync } from 'node:child_process';
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { copyFile, symlink, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CreateFunctionUrlConfigCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { ZipFile } from 'yazl';
import { startChildProgram, untilHealthy, type ChildProgram } from './child-program.ts';
import { contentHash } from './content-hash.ts';
import {
  emulatedAws,
  emulatedConnection,
  inherited,
  type Emulator,
  type EmulatorOptions,
  type Installation,
} from './emulator.ts';
import { withLock } from './python.ts';
import { REPOSITORY } from './settings.ts';

const START_TIMEOUT_MS = 120_000;
const POM = 'local/localstack/pom.xml';
const PLUGIN = join(REPOSITORY, 'local', 'localstack');

/** Where LocalStack looks for Java: the versions that its libraries ask for. */
const JAVA_VERSIONS = ['11', '17', '21'];
const DYNAMODB_MAIN = 'com.amazonaws.services.dynamodbv2.local.main.ServerRunner';

/** LocalStack's DynamoDB and its JSONata are Java libraries, and Maven is what fetches them. */
export class JavaMissing extends Error {
  override readonly name = 'JavaMissing';

  constructor(program: string) {
    super(
      `LocalStack needs Java 17 or newer and Maven, and there is no ${program}. ` +
        'On Debian or Ubuntu: apt-get install default-jre-headless maven',
    );
  }
}

const output = (program: string, ...args: readonly string[]): string => {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    throw new JavaMissing(program);
  }
};

const javaHome = (): string => dirname(dirname(realpathSync(output('which', 'java').trim())));

/** A line of a manifest has at most 72 bytes; the next one goes on with a space. */
const manifestLine = (text: string): string =>
  [text.slice(0, 70), ...(text.slice(70).match(/.{1,69}/g) ?? []).map((part) => ` ${part}`)].join(
    '\r\n',
  );

/** A jar of nothing but its manifest: the program in the libraries beside it. */
const writeDynamoDbJar = async (folder: string): Promise<void> => {
  const own = (name: string): boolean => name.startsWith('DynamoDBLocal-');
  const libraries = readdirSync(join(folder, 'DynamoDBLocal_lib'))
    .sort((a, b) => Number(own(b)) - Number(own(a)) || a.localeCompare(b))
    .map((name) => `DynamoDBLocal_lib/${name}`);
  const lines = [
    'Manifest-Version: 1.0',
    `Main-Class: ${DYNAMODB_MAIN}`,
    `Class-Path: ${libraries.join(' ')}`,
  ];
  const jar = new ZipFile();
  const text = `${lines.map(manifestLine).join('\r\n')}\r\n\r\n`;
  jar.addBuffer(Buffer.from(text), 'META-INF/MANIFEST.MF');
  jar.end();
  await pipeline(jar.outputStream, createWriteStream(join(folder, 'DynamoDBLocal.jar')));
};

/** The folder of the Java libraries, made once; throws {@link JavaMissing} or CommandFailed. */
const javaLibraries = async ({
  toolsDirectory,
  commands,
  folder,
}: EmulatorOptions & Installation): Promise<string> => {
  const hash = contentHash(REPOSITORY, [POM], ['1']);
  const libraries = join(toolsDirectory, `localstack-java-${hash.slice(0, 12)}`);
  const complete = join(libraries, 'complete');
  if (existsSync(complete)) return libraries;
  output('mvn', '--version');
  mkdirSync(toolsDirectory, { recursive: true });
  return withLock(`${libraries}.lock`, async () => {
    if (existsSync(complete)) return libraries;
    rmSync(libraries, { recursive: true, force: true });
    await commands.run({
      title: 'Java libraries of LocalStack (mvn package)',
      command: 'mvn',
      arguments: ['-q', '-B', '-f', join(REPOSITORY, POM), 'package', `-Dlibraries=${libraries}`],
      environment: process.env,
      workingDirectory: REPOSITORY,
      logFile: join(folder.logs, 'localstack-java.log'),
    });
    const dynamoDb = join(libraries, 'dynamodb-local', '2');
    const agent = readdirSync(join(dynamoDb, 'DynamoDBLocal_lib')).find((name) =>
      name.startsWith('byte-buddy-agent-'),
    );
    if (agent === undefined) throw new Error(`${dynamoDb} has no byte-buddy-agent`);
    await copyFile(
      join(dynamoDb, 'DynamoDBLocal_lib', agent),
      join(dynamoDb, 'ddb-local-loader-0.1.jar'),
    );
    await writeDynamoDbJar(dynamoDb);
    mkdirSync(join(libraries, 'java'));
    const home = javaHome();
    for (const version of JAVA_VERSIONS) await symlink(home, join(libraries, 'java', version));
    await writeFile(complete, '');
    return libraries;
  });
};

const startLocalStack = async (options: EmulatorOptions & Installation): Promise<ChildProgram> => {
  const { folder, port, pythonEnvironment, images } = options;
  const libraries = await javaLibraries(options);
  // LocalStack's own file system: nothing in it outlives it.
  const root = join(folder.temporary, 'localstack');
  const lib = join(root, 'var', 'lib', 'localstack', 'lib');
  mkdirSync(dirname(lib), { recursive: true });
  await symlink(libraries, lib);
  await writeFile(folder.containerImages, JSON.stringify(images, undefined, 2));
  await writeFile(join(folder.temporary, 'package.json'), '{"type":"commonjs"}\n');
  const python = join(pythonEnvironment, 'bin');
  return startChildProgram({
    name: 'LocalStack',
    command: join(python, 'python'),
    arguments: ['-m', 'localstack.runtime.main'],
    workingDirectory: folder.root,
    logFile: join(folder.logs, 'localstack.log'),
    pidFolder: folder.pids,
    environment: {
      ...inherited(),
      ...emulatedAws(port),
      PATH: [dirname(process.execPath), python, process.env['PATH'] ?? ''].join(delimiter),
      PYTHONPATH: PLUGIN,
      PYTHONUNBUFFERED: '1',
      TMPDIR: folder.temporary,
      FILESYSTEM_ROOT: root,
      GATEWAY_LISTEN: `127.0.0.1:${port}`,
      LOCALSTACK_HOST: `127.0.0.1:${port}`,
      // Else it writes where its image has its folders.
      OVERRIDE_IN_DOCKER: '0',
      ACTIVATE_PRO: '0',
      DISABLE_EVENTS: '1',
      SKIP_SSL_CERT_DOWNLOAD: '1',
      DNS_ADDRESS: '0',
      DYNAMODB_IN_MEMORY: '1',
      PROVIDER_OVERRIDE_DYNAMODB: 'v2',
      PROVIDER_OVERRIDE_DYNAMODBSTREAMS: 'v2',
      SQS_ENDPOINT_STRATEGY: 'path',
      LAMBDA_RUNTIME_EXECUTOR: 'process',
      // Whatever a template holds that nobody here provides: the tests name what it is.
      CFN_IGNORE_UNSUPPORTED_RESOURCE_TYPES: '1',
      GANTRY_ENDPOINT_URL: emulatedAws(port).AWS_ENDPOINT_URL,
      GANTRY_CONTAINER_IMAGES: folder.containerImages,
      GANTRY_CONTAINER_LOGS: join(folder.logs, 'containers'),
      GANTRY_CONTAINER_PIDS: folder.containerPids,
    },
  });
};

/** It has no HTTP APIs; the URL of a function hands over the same events. */
const functionUrl = async (port: number, FunctionName: string): Promise<string> => {
  const client = new LambdaClient(emulatedConnection(port));
  try {
    const answer = await client.send(
      new CreateFunctionUrlConfigCommand({ FunctionName, AuthType: 'NONE' }),
    );
    if (answer.FunctionUrl === undefined) throw new Error(`${FunctionName} got no URL`);
    return answer.FunctionUrl;
  } finally {
    client.destroy();
  }
};

/** LocalStack 4.9.2, the last release whose community edition asks for no token. */
export const LOCALSTACK: Emulator = {
  python: { name: 'localstack', requirements: 'local/localstack/requirements.txt', paths: [] },
  keepsState: false,
  start: startLocalStack,
  answers: (program, port, signal) =>
    untilHealthy(program, `http://127.0.0.1:${port}/_localstack/health`, START_TIMEOUT_MS, signal),
  apiEndpoint: (port, { ApiFunctionName }) => functionUrl(port, ApiFunctionName),
};
