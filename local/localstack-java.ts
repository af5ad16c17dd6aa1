/**
 * The Java libraries of LocalStack in host mode, which are those of its DynamoDB, fetched by Maven once
 * and put where LocalStack looks for them. It would otherwise download them at each start.
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
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import { contentHash } from './content-hash.ts';
import type { DataFolder } from './data-folder.ts';
import type { Installation } from './emulator.ts';
import { withLock } from './python.ts';
import { REPOSITORY } from './settings.ts';

const POM = 'local/localstack/pom.xml';

/** Where LocalStack looks for Java: the versions that its libraries ask for. */
const JAVA_VERSIONS = ['11', '17', '21'];
const DYNAMODB_MAIN = 'com.amazonaws.services.dynamodbv2.local.main.ServerRunner';

/** LocalStack's DynamoDB is a Java library, and Maven is what fetches it. */
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
export const javaLibraries = async ({
  toolsDirectory,
  commands,
  folder,
}: Installation & { readonly folder: DataFolder }): Promise<string> => {
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
