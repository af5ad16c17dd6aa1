/** Starts one Gantry for all files of the integration projects; each makes AE titles and pipelines of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startGantry, type StartedGantry } from '../../local/gantry.ts';
import { loadSettings, type Settings } from '../../local/settings.ts';
import { GantryLogs } from './gantry-logs.ts';
import type { GantryAddress } from './gantry.ts';

declare module 'vitest' {
  interface ProvidedContext {
    gantry: GantryAddress;
  }
}

type Ports = Pick<Settings, 'dimsePort' | 'httpPort' | 'awsPort'>;

const FREE_PORTS: Ports = { dimsePort: 0, httpPort: 0, awsPort: 0 };

/** Settings of a Gantry of its own; only the Python environments are shared, and a LocalStack that runs already. */
export const settingsFor = (dataDirectory: string, ports = FREE_PORTS): Settings => {
  const settings = loadSettings({ ...process.env, GANTRY_DATA_DIR: dataDirectory });
  const { emulator, awsPort } = settings;
  return { ...settings, ...ports, ...(emulator === 'running-localstack' ? { awsPort } : {}) };
};

/** What a failed run leaves behind is read by people: GANTRY_KEEP_DATA keeps it and says where it is. */
export const discard = (dataDirectory: string): void => {
  if (process.env['GANTRY_KEEP_DATA'] === undefined) {
    rmSync(dataDirectory, { recursive: true, force: true });
  } else {
    process.stdout.write(`data folder: ${dataDirectory}\n`);
  }
};

interface Shared {
  readonly gantry: StartedGantry;
  readonly dataDirectory: string;
}

/** Vitest loads this file once for each project, and ends them one after the other. */
const shared = globalThis as { gantryOfTests?: { started: Promise<Shared>; users: number } };

const start = async (): Promise<Shared> => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'gantry-integration-'));
  const logs = new GantryLogs(dataDirectory);
  try {
    return { gantry: await startGantry(settingsFor(dataDirectory)), dataDirectory };
  } catch (error) {
    process.stderr.write(`The Gantry of the tests did not start.\n${logs.news()}\n`);
    discard(dataDirectory);
    throw error;
  }
};

export default async (project: TestProject): Promise<() => Promise<void>> => {
  const use = (shared.gantryOfTests ??= { started: start(), users: 0 });
  use.users += 1;
  const { gantry, dataDirectory } = await use.started;
  const { apiUrl, dimsePort, awsPort } = gantry;
  project.provide('gantry', { apiUrl, dimsePort, awsPort, dataDirectory });
  return async () => {
    use.users -= 1;
    if (use.users > 0) return;
    await gantry.stop();
    discard(dataDirectory);
  };
};
