/** Two runners as on AWS: each begins with an empty disk, at the same place; one builds what both run jobs in. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAY_MS } from '../../../core/contracts/day.ts';
import { tableKeys } from '../../../core/contracts/keys.ts';
import { objectKeys } from '../../../core/contracts/object-keys.ts';
import { WorkerEnvironment, type WorkerItem } from '../../../core/contracts/worker-item.ts';
import {
  reclaimEnvironments,
  UNUSED_AFTER_MS,
} from '../../../core/processors/reclaim-environments.ts';
import { startEmulatedCloud, type EmulatedCloud } from '../support/emulated-cloud.ts';
import { resultOf, runJob } from '../support/outcomes.ts';
import { startRunner } from '../support/runner-process.ts';
import { storeModule, storeSession } from '../support/stored-session.ts';

const FIXTURES = join(import.meta.dirname, '..', '..', 'fixtures');
const NAME = 'with-six';
/** pip installs the libraries of the SDK too. */
const BUILD_MS = 280_000;

let cloud: EmulatedCloud;
let module: { service: string; hash: string };
let worker: { name: string; hash: string };

const storeWorker = async (): Promise<{ name: string; hash: string }> => {
  const folder = join(FIXTURES, 'workers', NAME, 'worker');
  const hash = await storeModule(cloud, NAME, folder);
  await cloud.objects.copy(
    objectKeys.serviceModule(NAME, hash),
    objectKeys.workerPackage(NAME, hash),
  );
  const item: WorkerItem = {
    ...{ name: NAME, type: 'venv', slots: 1, maxRunners: 2, hash },
    ...{ pythonVersion: '3.11', environmentHash: hash },
  };
  await cloud.table.put(tableKeys.workerVersion(NAME, hash), item);
  return { name: NAME, hash };
};

/** Runs one job of the worker on a runner whose disk has nothing; what the runner has logged. */
const runOnNewRunner = async () => {
  const disk = join(cloud.folder.root, 'disk');
  mkdirSync(disk);
  const runner = await startRunner(cloud, { workFolder: disk, slots: 1 });
  const session = await storeSession(cloud, module, [
    { name: 'library', entry: 'library', worker, timeoutSeconds: 60 },
  ]);
  const job = await runJob(session, 0, BUILD_MS);
  await runner.stop();
  rmSync(disk, { recursive: true });
  return { job, log: runner.log() };
};

/** How many objects the reclaimer's run at that time deletes. */
const reclaimedAfter = (milliseconds: number): Promise<number> =>
  reclaimEnvironments({
    ...{ objects: cloud.objects, listing: cloud.listing },
    clock: () => Date.now() + milliseconds,
  });

beforeAll(async () => {
  cloud = await startEmulatedCloud();
  const folder = join(FIXTURES, 'services', 'venv-library', 'module');
  module = { service: 'venv-library', hash: await storeModule(cloud, 'venv-library', folder) };
  worker = await storeWorker();
}, 240_000);

afterAll(async () => {
  await cloud.stop();
}, 30_000);

describe('two runners with disks of their own', { timeout: 2 * BUILD_MS }, () => {
  it('have one environment: the first builds it, the second fetches it, and it goes when nobody does', async () => {
    const first = await runOnNewRunner();
    const second = await runOnNewRunner();

    expect(first.log).toContain('an environment was made');
    expect(first.log).toContain('an environment was stored for other runners');
    expect(second.log).toContain('an environment was fetched');
    expect(second.log).not.toContain('an environment was made');
    for (const { job } of [first, second]) {
      expect(job.error).toBeUndefined();
      expect(resultOf(job)).toMatchObject({ six: '1.16.0', ownEnvironment: true });
    }
    expect(
      await cloud.table.get(tableKeys.workerEnvironment(NAME, worker.hash), WorkerEnvironment),
    ).toMatchObject({ state: 'READY' });
    expect(await reclaimedAfter(0)).toBe(0);
    expect(await reclaimedAfter(UNUSED_AFTER_MS + DAY_MS)).toBe(2);
  });
});
