/** Runner and listener as one JavaScript file each, as their containers have them: they start in a tenth of a second. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build, stop } from 'esbuild';
import { contentHash } from './content-hash.ts';
import { REPOSITORY } from './settings.ts';

/** Some dependencies are CommonJS; in an ES module they find `require` only if somebody makes one. */
const REQUIRE_IN_MODULES =
  "import { createRequire as gantryCreateRequire } from 'node:module';" +
  'const require = gantryCreateRequire(import.meta.url);';

export interface Bundles {
  readonly listener: string;
  readonly runner: string;
  /** `fetch` and `report` of docker workers' tasks. */
  readonly dockerTask: string;
}

/** The files of the bundles; made again when the sources changed. */
export const bundlePrograms = async (folder: string): Promise<Bundles> => {
  const hash = contentHash(REPOSITORY, [
    'core',
    'aws',
    'listener-container',
    'worker-container',
    'package-lock.json',
    'local/bundles.ts',
  ]).slice(0, 16);
  const bundles = {
    listener: join(folder, `listener-${hash}.mjs`),
    runner: join(folder, `runner-${hash}.mjs`),
    dockerTask: join(folder, `docker-task-${hash}.mjs`),
  };
  const bundle = async (entry: string, output: string): Promise<void> => {
    if (existsSync(output)) return;
    await build({
      entryPoints: [join(REPOSITORY, entry)],
      outfile: output,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node24',
      mainFields: ['module', 'main'],
      banner: { js: REQUIRE_IN_MODULES },
      sourcemap: 'linked',
      logLevel: 'silent',
    });
  };
  try {
    await Promise.all([
      bundle('listener-container/main.ts', bundles.listener),
      bundle('worker-container/main.ts', bundles.runner),
      bundle('worker-container/docker/main.ts', bundles.dockerTask),
    ]);
  } finally {
    // Its service would stay for the life of this process, with more memory than all the rest of it.
    await stop();
  }
  for (const name of readdirSync(folder)) {
    if (!name.includes(hash)) rmSync(join(folder, name), { force: true });
  }
  return bundles;
};
