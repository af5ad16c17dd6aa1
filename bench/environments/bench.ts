/** What a new runner of a venv worker waits for: its environment built, fetched, or on the disk: docs/benchmarks.md, "environments". */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { z } from 'zod';
import { bucketListing } from '../../aws/object-listing.ts';
import { bucketObjects } from '../../aws/objects.ts';
import { objectKeys } from '../../core/contracts/object-keys.ts';
import { emulatedConnection } from '../../local/emulator.ts';
import { REPOSITORY } from '../../local/settings.ts';
import { time } from '../../test/support/gantry.ts';
import type { Bench } from '../bench.ts';
import { startInstallation, type Installation } from '../main-path/installation.ts';
import { writeTrivialPackage } from '../main-path/packages.ts';
import { preparePython } from '../main-path/python.ts';
import { runSession, type Scene } from '../main-path/sessions.ts';
import { serviceJobs } from '../main-path/timeline.ts';

const ROUNDS = 5;
const AE_TITLE = 'ENVIRONMENTS';
/** Its requirements: a library with compiled code; beside it pip installs those of the SDK. */
const WORKER = join(REPOSITORY, 'examples', 'services', 'contact-sheet', 'worker');

/** As if no runner had ever built one. */
const forgetShared = async (port: number): Promise<void> => {
  const client = new S3Client({ ...emulatedConnection(port), forcePathStyle: true });
  try {
    const { Buckets = [] } = await client.send(new ListBucketsCommand({}));
    for (const { Name = '' } of Buckets) {
      const keys = await bucketListing(client, Name).keys(objectKeys.environmentsPrefix);
      if (keys.length > 0) await bucketObjects(client, Name).delete(keys);
    }
  } finally {
    client.destroy();
  }
};

/** As a task on AWS begins: nothing is on the disk. */
const forgetLocal = (installation: Installation): void => {
  const { dataDirectory } = installation.gantry.address;
  rmSync(join(dataDirectory, 'work', 'environments'), { recursive: true, force: true });
};

/** On a new runner, from its lease of a job to the callback, in seconds. */
const leasedToCallback = async (scene: Scene): Promise<number> => {
  const { session } = await runSession(scene, AE_TITLE);
  const [job] = serviceJobs(session);
  if (job?.state !== 'SUCCEEDED') throw new Error(`the job is ${job?.state ?? 'not there'}`);
  return z.number().parse(job.result) - time(job.startedAt) / 1000;
};

export const environmentsBench: Bench = async (figures, tell, quick) => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-bench-'));
  const rounds = quick ? 1 : ROUNDS;
  let installation: Installation | undefined;
  try {
    const python = await preparePython(folder);
    tell('Gantry starts');
    const started = await startInstallation(join(folder, 'data'));
    installation = started;
    const scene = { folder, python, installation: started };
    const { service, path } = writeTrivialPackage(folder, 1, { worker: WORKER });
    await started.gantry.done('service', 'install', path);
    await started.gantry.aeTitle(AE_TITLE, [service], '--group-by', 'Study');
    for (let round = 1; round <= rounds; round += 1) {
      const measure = async (kind: string, prepare: () => Promise<void> | void) => {
        tell(`${kind}, ${round} of ${rounds}`);
        await started.endRunners();
        await prepare();
        const seconds = await leasedToCallback(scene);
        figures.add(`leased to callback, environment ${kind}`, 's', seconds);
        return seconds;
      };
      const built = await measure('built', async () => {
        forgetLocal(started);
        await forgetShared(started.ports.aws);
      });
      const fetched = await measure('fetched', () => {
        forgetLocal(started);
      });
      await measure('on the disk', () => undefined);
      figures.add('environment fetched / built', '×', fetched / built);
    }
  } finally {
    await installation?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};
