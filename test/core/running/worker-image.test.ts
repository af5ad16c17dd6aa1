/** Images of docker workers: what is asked for at installation, and what is believed afterwards. */
import { describe, expect, it } from 'vitest';
import { objectKeys } from '../../../core/contracts/object-keys.ts';
import type { WorkerImage } from '../../../core/contracts/worker-image.ts';
import type { WorkerItem } from '../../../core/contracts/worker-item.ts';
import { imageInput, imageMade, startImage } from '../../../core/running/worker-image.ts';
import { memoryExecutions, memoryObjects } from '../../support/memory-cloud.ts';

const DIGEST = `sha256:${'0'.repeat(64)}`;

const worker = (docker: object): WorkerItem => ({
  ...{ name: 'lung', type: 'docker', slots: 1, maxRunners: 1 },
  docker: {
    ...{ buildKwargs: {}, deviceRequests: [], runKwargs: {}, preScripts: [], postScripts: [] },
    ...{ moduleDirMount: '/module', dataDirMount: '/data', sessionDirMount: '/session' },
    ...docker,
  },
});

const site = async () => {
  const stored = new Map<string, WorkerImage>();
  const images = {
    get: (name: string, hash: string) => Promise.resolve(stored.get(`${name} ${hash}`)),
    put: (name: string, hash: string, image: WorkerImage) => {
      stored.set(`${name} ${hash}`, image);
      return Promise.resolve();
    },
  };
  const executions = memoryExecutions();
  const objects = memoryObjects();
  const deps = { images, executions, objects, imageMachineArn: 'image', clock: () => 7 };
  await startImage(deps, worker({ image: 'python:3' }), 'h', 'b1');
  const leave = (result: unknown, build = 'b1') =>
    objects.stored.set(objectKeys.workerImageResult('lung', 'h', build), result);
  const made = (build = 'b1') =>
    imageMade(deps, {
      worker: 'lung',
      hash: 'h',
      build,
      cause: 'Codebuild.Error: no such project',
    });
  return { deps, executions, leave, made, image: () => images.get('lung', 'h') };
};

describe('the image of a docker worker', () => {
  it('is built where there is a Dockerfile, and copied otherwise', () => {
    const built = worker({ image: 'named', build: 'Dockerfile', buildKwargs: { target: 'slim' } });

    expect(imageInput(built, 'h', 'b1')).toMatchObject({
      ...{ image: '', dockerfile: 'Dockerfile', buildArguments: '["--target=slim"]' },
      packageKey: 'workers/lung/h/package.zip',
    });
    expect(imageInput(worker({ image: 'python:3' }), 'h', 'b1')).toMatchObject({
      ...{ image: 'python:3', dockerfile: '', tag: 'b1-lung' },
    });
  });

  it('is being made from the installation on', async () => {
    const { image } = await site();

    expect(await image()).toEqual({ state: 'BUILDING', at: 7, build: 'b1' });
  });

  it('is what the build says, by its digest', async () => {
    const { leave, made, image } = await site();
    leave({ reference: `repository@${DIGEST}` });

    expect(await made()).toBe('READY');
    expect(await image()).toMatchObject({ reference: `repository@${DIGEST}` });
    expect(await made()).toBe('superseded');
  });

  it('is not taken by a tag, which could become another image', async () => {
    const { leave, made } = await site();
    leave({ reference: 'repository:latest' });

    expect(await made()).toBe('FAILED');
  });

  it('has failed with the build’s last words, or with those of the machine where it left none', async () => {
    const first = await site();
    first.leave({ error: 'no matching distribution' });
    const second = await site();

    expect(await first.made()).toBe('FAILED');
    expect(await first.image()).toMatchObject({ error: 'no matching distribution' });
    expect(await second.made()).toBe('FAILED');
    expect(await second.image()).toMatchObject({ error: 'Codebuild.Error: no such project' });
  });

  it('is that of the last installation, whichever build ends first', async () => {
    const { deps, leave, made, image } = await site();
    await startImage(deps, worker({ image: 'python:3' }), 'h', 'b2');
    leave({ reference: `old@${DIGEST}` });

    expect(await made('b1')).toBe('superseded');
    expect(await image()).toMatchObject({ state: 'BUILDING', build: 'b2' });
  });
});
