/** Environments that runners share through the bucket: built once, the first counts, what is broken is replaced. */
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DAY_MS } from '../../../core/contracts/day.ts';
import { objectKeys } from '../../../core/contracts/object-keys.ts';
import {
  sharedEnvironmentId,
  type SharedEnvironment,
} from '../../../core/contracts/shared-environment.ts';
import { EnvironmentNotBuilt } from '../../../worker-container/environments/build-environment.ts';
import {
  sharedEnvironments,
  type EnvironmentObjects,
} from '../../../worker-container/environments/shared-environments.ts';
import { recordedLogs } from '../../support/logs.ts';
import { objectBytes } from '../../support/object-bytes.ts';

const noSuchKey = () => Object.assign(new Error('no such key'), { name: 'NoSuchKey' });

const memoryBucket = () => {
  const stored = new Map<string, Buffer>();
  const putJson = (key: string, value: unknown): Promise<void> => {
    stored.set(key, Buffer.from(JSON.stringify(value)));
    return Promise.resolve();
  };
  const bytesOf = (key: string): Promise<Buffer> => {
    const bytes = stored.get(key);
    return bytes === undefined ? Promise.reject(noSuchKey()) : Promise.resolve(bytes);
  };
  const objects: EnvironmentObjects = {
    getJson: async (key) => JSON.parse((await bytesOf(key)).toString('utf8')) as unknown,
    getStream: async (key) => Readable.from([await bytesOf(key)]),
    put: async (key, body) => {
      stored.set(key, await objectBytes(body));
    },
    putJson,
    putJsonIfAbsent: async (key, value) => {
      if (stored.has(key)) return false;
      await putJson(key, value);
      return true;
    },
  };
  return { stored, objects };
};

/** Outside of the folder, as the interpreter of an environment is. */
const INTERPRETER = '/usr/bin/python3';

let root: string;
let now: number;
let bucket: ReturnType<typeof memoryBucket>;
let logs: ReturnType<typeof recordedLogs>;
const stop = new AbortController();

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'shared-environments-'));
  now = 1_700_000_000_000;
  bucket = memoryBucket();
  logs = recordedLogs();
});

afterEach(() => rm(root, { recursive: true, force: true }));

const identity = () => ({
  environmentHash: 'requirements',
  sdkHash: 'sdk',
  interpreter: { path: INTERPRETER, build: '3.13.1 (main)' },
  platform: 'linux-x64',
  folder: join(root, 'environment'),
  settings: {},
});

const id = () => sharedEnvironmentId(identity());

/** A runner's disk with nothing on it, at the same place as all. */
const newDisk = () => rm(identity().folder, { recursive: true, force: true });

const aRunner = (objects: Partial<EnvironmentObjects> = {}) =>
  sharedEnvironments({
    objects: { ...bucket.objects, ...objects },
    path: process.env['PATH'] ?? '',
    clock: () => now,
    signal: stop.signal,
    logger: logs.logger,
  });

/** Builds what says who has built it. */
const builder = (name: string) => {
  const build = async (folder: string) => {
    await mkdir(join(folder, 'bin'), { recursive: true });
    await symlink(INTERPRETER, join(folder, 'bin', 'python'));
    await symlink('bin', join(folder, 'scripts'));
    await writeFile(join(folder, 'bin', 'tool'), '#!/bin/sh\n', { mode: 0o755 });
    await writeFile(join(folder, 'library.py'), name.repeat(50_000));
    return { python: '3.13.1', notes: [`by ${name}`] };
  };
  return build;
};

const unwanted = () => Promise.reject(new Error('nobody is to build'));

const builtBy = async (): Promise<string | undefined> =>
  (await readFile(join(identity().folder, 'library.py'), 'utf8'))[0];

const archiveKeys = () => [...bucket.stored.keys()].filter((key) => key.endsWith('.tar.zst'));

const documentOf = () =>
  bucket.objects.getJson(objectKeys.sharedEnvironment(id())) as Promise<SharedEnvironment>;

const messages = () => logs.entries.map(({ message }) => message);

describe('a shared environment', () => {
  it('is built by the first runner and fetched by the next, with links, modes and times', async () => {
    const built = await aRunner().make(identity(), builder('a'));
    const { mtimeMs } = await stat(join(identity().folder, 'library.py'));
    await newDisk();

    const fetched = await aRunner().make(identity(), unwanted);

    const { folder } = identity();
    expect(fetched).toEqual(built);
    expect(await builtBy()).toBe('a');
    expect(await readlink(join(folder, 'bin', 'python'))).toBe(INTERPRETER);
    expect(await readlink(join(folder, 'scripts'))).toBe('bin');
    expect((await stat(join(folder, 'bin', 'tool'))).mode & 0o777).toBe(0o755);
    expect(Math.floor((await stat(join(folder, 'library.py'))).mtimeMs / 1000)).toBe(
      Math.floor(mtimeMs / 1000),
    );
    expect(await readdir(root)).toEqual(['environment']);
    expect(messages()).toEqual([
      'an environment was stored for other runners',
      'an environment was fetched',
    ]);
  });

  it('of two that build at once is the one of the first, for both', async () => {
    const facts = await aRunner().make(identity(), async (folder) => {
      // The other one is through while this one builds.
      const other = await aRunner().make(identity(), builder('b'));
      expect(other.notes).toEqual(['by b']);
      await newDisk();
      return builder('a')(folder);
    });

    expect(facts.notes).toEqual(['by b']);
    expect(await builtBy()).toBe('b');
    expect(archiveKeys()).toHaveLength(1);
    expect(await readdir(root)).toEqual(['environment']);
  });

  it('of two that store at once is the one that was named first, for both', async () => {
    const { folder } = identity();
    const facts = await aRunner({
      putJsonIfAbsent: async (key, value) => {
        // The other one, on a disk of its own, is through while this one puts its archive.
        await rename(folder, `${folder}.aside`);
        await aRunner().make(identity(), builder('b'));
        await newDisk();
        await rename(`${folder}.aside`, folder);
        return bucket.objects.putJsonIfAbsent(key, value);
      },
    }).make(identity(), builder('a'));

    expect(facts.notes).toEqual(['by b']);
    expect(await builtBy()).toBe('b');
    expect(archiveKeys()).toHaveLength(2);
    expect(await readdir(root)).toEqual(['environment']);
  });

  it('that is there but cannot be fetched in the end leaves a runner its own', async () => {
    await aRunner().make(identity(), builder('a'));
    await newDisk();

    const facts = await aRunner({
      getStream: () => Promise.reject(new Error('no way to the bucket')),
      putJson: () => Promise.reject(new Error('no way to the bucket')),
    }).make(identity(), builder('b'));

    expect(facts.notes).toEqual(['by b']);
    expect(await builtBy()).toBe('b');
    expect(messages()).toContain('an environment could not be stored');
  });

  it.each([
    ['was cut', (bytes: Buffer) => bytes.subarray(0, bytes.length - 100)],
    ['has another byte', (bytes: Buffer) => bytes.fill(bytes[40]! ^ 1, 40, 41)],
    ['has more at its end', (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(10)])],
    ['is empty', () => Buffer.alloc(0)],
    ['is no archive', () => Buffer.from('<Error><Code>InternalError</Code></Error>')],
  ])('whose archive %s is built anew, and replaced for everybody', async (_, breakIt) => {
    await aRunner().make(identity(), builder('a'));
    await newDisk();
    const [key = ''] = archiveKeys();
    bucket.stored.set(key, breakIt(Buffer.from(bucket.stored.get(key) ?? '')));

    const facts = await aRunner().make(identity(), builder('b'));
    await newDisk();
    const next = await aRunner().make(identity(), unwanted);

    expect(facts.notes).toEqual(['by b']);
    expect(next.notes).toEqual(['by b']);
    expect(await builtBy()).toBe('b');
    expect(messages()).toContain('an environment could not be fetched');
    expect(await readdir(root)).toEqual(['environment']);
  });

  it('whose archive is gone, or whose document is none, is built anew and replaced', async () => {
    for (const breakIt of [
      () => bucket.stored.delete(archiveKeys()[0] ?? ''),
      () => bucket.stored.set(objectKeys.sharedEnvironment(id()), Buffer.from('{"half": ')),
    ]) {
      await newDisk();
      await aRunner().make(identity(), builder('a'));
      await newDisk();
      breakIt();

      expect((await aRunner().make(identity(), builder('b'))).notes).toEqual(['by b']);
      await newDisk();
      expect((await aRunner().make(identity(), unwanted)).notes).toEqual(['by b']);
      bucket.stored.clear();
    }
  });

  it('is fetched by a second try where the first broke off', async () => {
    await aRunner().make(identity(), builder('a'));
    await newDisk();
    let tries = 0;

    const facts = await aRunner({
      getStream: async (key) => {
        tries += 1;
        if (tries > 1) return bucket.objects.getStream(key);
        return Readable.from(
          (async function* () {
            yield (await bucket.objects.getStream(key)).read(10) as Buffer;
            throw new Error('the connection is gone');
          })(),
        );
      },
    }).make(identity(), unwanted);

    expect(facts.notes).toEqual(['by a']);
    expect(tries).toBe(2);
  });

  it('is not stored when it cannot be built: the next runner tries for itself', async () => {
    const failing = () => Promise.reject(new EnvironmentNotBuilt('pip failed', 'ERROR: no such'));

    await expect(aRunner().make(identity(), failing)).rejects.toMatchObject({
      output: 'ERROR: no such',
    });
    expect(bucket.stored.size).toBe(0);
    expect((await aRunner().make(identity(), builder('a'))).notes).toEqual(['by a']);
  });

  it('is marked as used once a day, so that it is not taken for unused', async () => {
    await aRunner().make(identity(), builder('a'));
    const builtAt = now;

    now += DAY_MS - 1;
    await newDisk();
    await aRunner().make(identity(), unwanted);
    expect(await documentOf()).toMatchObject({ builtAt, usedAt: builtAt });

    now += 1;
    await newDisk();
    await aRunner().make(identity(), unwanted);
    expect(await documentOf()).toMatchObject({ builtAt, usedAt: now });
  });
});

describe('the id of a shared environment', () => {
  it('is another one as soon as anything differs that the environment depends on', () => {
    const base = identity();
    const others = [
      { ...base, environmentHash: 'other requirements' },
      { ...base, environmentHash: undefined },
      { ...base, sdkHash: 'other SDK' },
      { ...base, interpreter: { ...base.interpreter, path: '/opt/python' } },
      { ...base, interpreter: { ...base.interpreter, build: '3.13.2 (main)' } },
      { ...base, platform: 'linux-arm64' },
      { ...base, folder: '/elsewhere' },
      { ...base, settings: { PIP_INDEX_URL: 'https://mirror.example/simple' } },
    ];

    expect(new Set([base, ...others].map(sharedEnvironmentId)).size).toBe(others.length + 1);
  });

  it('does not depend on the order of settings, and tells nothing of them', () => {
    const one = { PIP_INDEX_URL: 'https://user:secret@mirror.example', PIP_PRE: '1' };
    const other = { PIP_PRE: '1', PIP_INDEX_URL: 'https://user:secret@mirror.example' };

    expect(sharedEnvironmentId({ ...identity(), settings: one })).toBe(
      sharedEnvironmentId({ ...identity(), settings: other }),
    );
    expect(sharedEnvironmentId({ ...identity(), settings: one })).toMatch(/^[0-9a-f]{40}$/);
  });
});
