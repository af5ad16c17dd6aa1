/** What a builder finds that another one has left, where that was killed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  buildEnvironment,
  EnvironmentNotBuilt,
} from '../../../worker-container/environments/build-environment.ts';

const onLinux = process.platform === 'linux';

describe('the building of an environment', () => {
  it.runIf(onLinux)('ends what a killed runner left running in its folder first', async () => {
    const root = await mkdtemp(join(tmpdir(), 'build-environment-'));
    const folder = join(root, 'environment');
    const started = (home: string) =>
      spawn('sleep', ['60'], { env: { PATH: process.env['PATH'], HOME: home }, stdio: 'ignore' });
    const left = started(`${folder}.scratch`);
    const other = started(`${folder}.scratch-of-another`);
    const ended = once(left, 'exit');
    try {
      await expect(
        buildEnvironment({
          ...{ interpreter: join(root, 'no-python'), folder, packageFolder: root },
          ...{ sdk: { packages: [], libraries: {} }, users: undefined, sandbox: undefined },
          ...{ path: '/usr/bin:/bin', settings: {}, signal: new AbortController().signal },
        }),
      ).rejects.toThrow(EnvironmentNotBuilt);

      expect(await ended).toEqual([null, 'SIGKILL']);
      expect(other.exitCode).toBeNull();
      expect(other.signalCode).toBeNull();
    } finally {
      other.kill();
      left.kill();
      await rm(root, { recursive: true, force: true });
    }
  });
});
