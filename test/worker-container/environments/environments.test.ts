/** Virtual environments on disk: made once, shared, kept from half-made ones, and removed when nobody uses them. */
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EnvironmentNotBuilt } from '../../../worker-container/environments/build-environment.ts';
import { environments } from '../../../worker-container/environments/environments.ts';
import {
  chooseInterpreter,
  nearestInterpreter,
} from '../../../worker-container/environments/interpreters.ts';

let folder: string;
let now: number;
let builds: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'environments-'));
  now = Date.now();
  builds = 0;
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** As another runner of this computer has them. */
const aRunner = (maxIdle = 4) =>
  environments({ folder, maxIdle, signal: new AbortController().signal, clock: () => now });

const build = async (target: string) => {
  builds += 1;
  await mkdir(target);
  return { python: '3.12.1', notes: [] };
};

const fail = async (target: string): Promise<never> => {
  builds += 1;
  await mkdir(target);
  await writeFile(join(target, 'half'), '');
  throw new EnvironmentNotBuilt('pip failed', 'ERROR: no such thing');
};

describe('environments', () => {
  it('are made once, however many runners and jobs need them at a time', async () => {
    const runners = [aRunner(), aRunner(), aRunner()];
    const used = await Promise.all(
      [...runners, ...runners].map((runner) => runner.use(['six'], build)),
    );

    expect(builds).toBe(1);
    expect(new Set(used.map(({ path }) => path)).size).toBe(1);
  });

  it('that cannot be made fail the jobs that follow without another try, for a minute', async () => {
    await expect(aRunner().use(['bad'], fail)).rejects.toThrow('pip failed');
    await expect(aRunner().use(['bad'], build)).rejects.toMatchObject({
      output: 'ERROR: no such thing',
    });
    expect(builds).toBe(1);

    now += 61_000;
    expect((await aRunner().use(['bad'], build)).python).toBe('3.12.1');
  });

  it('leave nothing behind of a try that failed', async () => {
    await expect(aRunner().use(['bad'], fail)).rejects.toThrow();

    const [hash = ''] = await readdir(folder);
    expect((await readdir(join(folder, hash))).sort()).toEqual(['failure.json', 'users']);
  });

  it('take over from a builder that has died, and keep nothing of what it had made', async () => {
    await expect(aRunner().use(['six'], fail)).rejects.toThrow();
    const [hash = ''] = await readdir(folder);
    // Above the highest number that Linux gives to a process.
    await writeFile(join(folder, hash, 'lock'), '4194305');
    await mkdir(join(folder, hash, 'environment'));
    await writeFile(join(folder, hash, 'environment', 'half'), '');
    now += 61_000;

    await aRunner().use(['six'], build);

    expect(builds).toBe(2);
    expect(await readdir(join(folder, hash, 'environment'))).toEqual(['gantry.json']);
  });

  it('have the same path wherever runners work in the same folder, whenever they were made', async () => {
    const first = await aRunner().use(['six'], build);
    await rm(folder, { recursive: true });
    await mkdir(folder);
    const second = await aRunner().use(['six'], build);

    expect(builds).toBe(2);
    expect(second.path).toBe(first.path);
  });

  it('beyond the bound are removed, and never one in use', async () => {
    await aRunner().use(['in use'], build);
    const [inUse = ''] = await readdir(folder);
    const idle = 'a'.repeat(64);
    await mkdir(join(folder, idle, 'users'), { recursive: true });
    await writeFile(join(folder, idle, 'users', '4194305'), '');

    await aRunner(0).use(['new'], build);

    const left = await readdir(folder);
    expect(left).toContain(inUse);
    expect(left).not.toContain(idle);
  });
});

describe('nearestInterpreter', () => {
  const at = (minor: number, patch = 0) => ({
    path: `/python3.${minor}.${patch}`,
    version: [3, minor, patch] as const,
    build: 'main',
  });

  it('is the one of the nearest minor version, of two the newer', () => {
    const there = [at(11), at(13), at(13, 2)];
    expect(nearestInterpreter(there, [3, 14])).toEqual(at(13, 2));
    expect(nearestInterpreter(there, [3, 12])).toEqual(at(13, 2));
    expect(nearestInterpreter(there, [3, 10])).toEqual(at(11));
    expect(nearestInterpreter([], [3, 10])).toBeUndefined();
  });
});

/** A program that answers as a Python of that version does when it is asked what it is. */
const aPython = async (path: string, version: readonly number[]): Promise<string> => {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\necho '${path}'\necho ${version.join(' ')}\n`);
  await chmod(path, 0o755);
  return path;
};

describe('chooseInterpreter', () => {
  it('finds a Python that only pyenv has, whose shim on the path does not start it', async () => {
    const shims = join(folder, 'pyenv', 'shims');
    const kept = join(folder, 'pyenv', 'versions', '3.12.9', 'bin', 'python3.12');
    await aPython(kept, [3, 12, 9]);
    await mkdir(shims);
    await writeFile(join(shims, 'python3.12'), '#!/bin/sh\nexit 127\n', { mode: 0o755 });

    const chosen = await chooseInterpreter({
      wanted: '3.12',
      python: await aPython(join(folder, 'default', 'python'), [3, 11, 7]),
      path: shims,
      environment: {},
      uvFolder: join(folder, 'uv'),
      usable: () => Promise.resolve(true),
    });

    expect(chosen).toMatchObject({ path: kept, version: [3, 12, 9] });
  });
});
