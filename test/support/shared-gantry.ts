/** Starts one Gantry for all files of the integration project; each makes AE titles and pipelines of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startGantry } from '../../local/gantry.ts';
import { loadSettings } from '../../local/settings.ts';
import type { GantryAddress } from './gantry.ts';

declare module 'vitest' {
  interface ProvidedContext {
    gantry: GantryAddress;
  }
}

/** A start from nothing, on free ports; only the Python environments are shared. */
export const freshSettings = (dataDirectory: string) =>
  loadSettings({
    ...process.env,
    GANTRY_DIMSE_PORT: '0',
    GANTRY_HTTP_PORT: '0',
    GANTRY_AWS_PORT: '0',
    GANTRY_DATA_DIR: dataDirectory,
  });

/** What a failed run leaves behind is read by people: GANTRY_KEEP_DATA keeps it and says where it is. */
export const discard = (dataDirectory: string): void => {
  if (process.env['GANTRY_KEEP_DATA'] === undefined) {
    rmSync(dataDirectory, { recursive: true, force: true });
  } else {
    process.stdout.write(`data folder: ${dataDirectory}\n`);
  }
};

export default async (project: TestProject): Promise<() => Promise<void>> => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'gantry-integration-'));
  const gantry = await startGantry(freshSettings(dataDirectory));
  const { apiUrl, dimsePort } = gantry;
  project.provide('gantry', { apiUrl, dimsePort, dataDirectory });
  return async () => {
    await gantry.stop();
    discard(dataDirectory);
  };
};
