/**
 * `npm run demo`: a study's whole way, on this computer. Starts Gantry (or uses the one that has the data
 * folder), installs the example service, sends a fresh study over DICOM and tells what happens to it. Ends
 * with 0 if its session succeeded; `-- --keep` leaves Gantry running until Ctrl-C.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { apiReader } from './api-client.ts';
import { readRunning } from './data-folder.ts';
import { followGroup, followSession, knownGroups, tellResults } from './follow.ts';
import { startGantry } from './gantry.ts';
import { createProgress, describeReady, write } from './output.ts';
import { pythonEnvironment, WORKER_PYTHON } from './python.ts';
import { loadSettings, REPOSITORY, type Settings } from './settings.ts';
import { stopSignal } from './stop-signal.ts';

const SERVICE = join(REPOSITORY, 'examples', 'services', 'volume-report');
const AE_TITLE = 'GANTRY';

const Study = z.object({ patientId: z.string(), files: z.array(z.string()) });

/** The command that a person would type; its output goes to the terminal. */
const gantry = async (apiUrl: string, ...words: readonly string[]): Promise<void> => {
  write(`\n$ gantry ${words.join(' ')}`);
  const child = spawn(process.execPath, [join(REPOSITORY, 'cli', 'main.ts'), ...words], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, GANTRY_API: apiUrl },
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  if (code !== 0) throw new Error(`gantry ${words[0] ?? ''} ended with code ${String(code)}`);
};

const makeStudy = (workerEnvironment: string, folder: string) => {
  const script = join(REPOSITORY, 'examples', 'studies', 'make_study.py');
  const python = join(workerEnvironment, 'bin', 'python');
  return Study.parse(JSON.parse(execFileSync(python, [script, folder], { encoding: 'utf8' })));
};

interface Address {
  readonly apiUrl: string;
  readonly dimsePort: number;
  readonly workerEnvironment: string;
}

/** True if the session of the study has succeeded. */
const demonstrate = async (
  { apiUrl, dimsePort, workerEnvironment }: Address,
  signal: AbortSignal,
): Promise<boolean> => {
  const follower = { api: apiReader(apiUrl), write, signal };
  await gantry(apiUrl, 'service', 'install', SERVICE);
  const known = await knownGroups(follower.api);
  const folder = mkdtempSync(join(tmpdir(), 'gantry-study-'));
  try {
    const { patientId, files } = makeStudy(workerEnvironment, folder);
    write(`\nA fresh study of the patient ${patientId}: ${files.length} files in ${folder}`);
    await gantry(
      apiUrl,
      ...['send', folder, '--to', AE_TITLE, '--host', '127.0.0.1', '--port', String(dimsePort)],
    );
    write('');
    const group = await followGroup(follower, patientId, known);
    let succeeded = group.sessions.length > 0;
    for (const id of group.sessions) {
      const session = await followSession(follower, id);
      write('\nResults');
      await tellResults(follower, session);
      succeeded &&= session.state === 'SUCCEEDED';
    }
    return succeeded;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const addresses = (apiUrl: string): string => `\nAPI      ${apiUrl}/api/v1\nConsole  ${apiUrl}/`;

/** On a Gantry that somebody else has started, which goes on running. */
const onRunning = async (
  settings: Settings,
  apiUrl: string,
  dimsePort: number,
  signal: AbortSignal,
): Promise<boolean> => {
  write(`Using the Gantry that is running at ${apiUrl}`);
  const workerEnvironment = await pythonEnvironment({
    ...WORKER_PYTHON,
    toolsDirectory: settings.toolsDirectory,
    logFile: join(settings.dataDirectory, 'logs', 'python-worker.log'),
  });
  const succeeded = await demonstrate({ apiUrl, dimsePort, workerEnvironment }, signal);
  write(addresses(apiUrl));
  return succeeded;
};

const onOwn = async (
  settings: Settings,
  keep: boolean,
  stop: ReturnType<typeof stopSignal>,
): Promise<boolean> => {
  const progress = createProgress({ quiet: process.argv.includes('--quiet') });
  const started = await startGantry(settings, { progress: progress.step, signal: stop.signal });
  try {
    write(describeReady(started, progress.seconds()));
    const outcome = await Promise.race([
      demonstrate(started, stop.signal),
      started.failed.then((failure) => {
        throw failure;
      }),
    ]);
    write(addresses(started.apiUrl));
    if (keep) {
      write('Gantry goes on running until Ctrl-C.');
      const failure = await Promise.race([started.failed, stop.requested]);
      if (failure !== undefined) throw failure;
    }
    return outcome;
  } finally {
    write('Stopping …');
    await started.stop();
  }
};

const stop = stopSignal();
try {
  const settings = loadSettings(process.env);
  const running = readRunning(settings.dataDirectory);
  const succeeded =
    running === undefined
      ? await onOwn(settings, process.argv.includes('--keep'), stop)
      : await onRunning(settings, running.apiUrl, running.dimsePort, stop.signal);
  write(succeeded ? 'The session succeeded.' : 'The session did not succeed.');
  process.exitCode = succeeded ? 0 : 1;
} catch (error) {
  write(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
process.exit();
