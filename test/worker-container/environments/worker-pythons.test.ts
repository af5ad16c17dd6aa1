/** Which Python a job gets, where that needs no environment to be made. */
import { describe, expect, it } from 'vitest';
import { workerPythons } from '../../../worker-container/environments/worker-pythons.ts';

const asked: unknown[] = [];
const PLAIN = { name: 'plain', type: 'default', slots: 1, maxRunners: 1, hash: 'abc' } as const;

const pythons = workerPythons({
  python: '/default/bin/python',
  path: '/usr/bin',
  settings: {},
  versions: {
    versionOf: (job) => {
      asked.push(job);
      return Promise.resolve(job.worker === PLAIN.name ? PLAIN : undefined);
    },
    putEnvironment: () => Promise.resolve(),
  },
  environments: { use: () => Promise.reject(new Error('no environment is asked for')) },
  shared: { make: () => Promise.reject(new Error('no environment is asked for')) },
  objects: { getBytes: () => Promise.reject(new Error('no package is asked for')) },
  users: undefined,
  sandbox: undefined,
  uvFolder: '/nowhere',
  clock: () => 0,
  signal: new AbortController().signal,
  onBuild: () => undefined,
});

describe('the Python of a job', () => {
  it('is the default one for a job without a worker of its own', async () => {
    expect(await pythons.pythonOf({ worker: 'default' })).toMatchObject({
      path: '/default/bin/python',
      type: 'default',
    });
  });

  it('is never the default one when the worker that it was planned with is gone', async () => {
    await expect(pythons.pythonOf({ worker: 'lungs', workerHash: 'abc' })).rejects.toThrow(
      'the worker lungs that this job was planned with is not installed any more',
    );
  });

  it('is known of a version that an earlier job had, without a call', async () => {
    const job = { worker: PLAIN.name, workerHash: PLAIN.hash };
    asked.length = 0;

    expect(await pythons.pythonOf(job)).toMatchObject({ type: 'default' });
    expect(await pythons.pythonOf({ ...job })).toMatchObject({ type: 'default' });

    expect(asked).toEqual([job]);
  });
});
