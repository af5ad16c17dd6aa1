/** Fields of a job that only Gantry knows. */
import { describe, expect, it } from 'vitest';
import { readJob } from '../../../core/packages/job-definition.ts';

const read = (fields: Record<string, unknown>) =>
  readJob(
    { jobName: 'a', workerEntry: 'worker', registryEntry: 'callback', events: [], ...fields },
    'service.jobs[0]',
  );

const definitionOf = (fields: Record<string, unknown>) => {
  const { definition, problems } = read(fields);
  expect(problems).toEqual([]);
  return definition;
};

describe('the extension fields of a job', () => {
  it('are stored in seconds and MiB', () => {
    expect(
      definitionOf({
        keepWarm: true,
        priority: 'higher',
        retry: { attempts: 3, backoff: '2m' },
        gpu: 1,
        cpu: 0.5,
        memory: '8g',
      }),
    ).toMatchObject({
      keepWarm: 'session',
      priority: 'higher',
      retry: { attempts: 3, backoffSeconds: 120 },
      gpu: 1,
      cpu: 0.5,
      memoryMiB: 8192,
    });
  });

  it('leave nothing behind when they are null or missing', () => {
    const definition = definitionOf({ keepWarm: null, retry: null, memory: null, gpu: null });
    expect(Object.keys(definition ?? {})).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/keepWarm|retry|memory|gpu|cpu|priority/)]),
    );
  });

  it.each([
    [512, 512],
    ['512m', 512],
    ['1.5 GiB', 1536],
    ['2TB', 2 * 1024 ** 2],
  ])('read %j of memory as %i MiB', (memory, mebibytes) => {
    expect(definitionOf({ memory })?.memoryMiB).toBe(mebibytes);
  });

  it('keep a process for the same session, or for all if that is said', () => {
    expect(definitionOf({ keepWarm: 'all-sessions' })?.keepWarm).toBe('all-sessions');
    expect(definitionOf({ keepWarm: false })).not.toHaveProperty('keepWarm');
  });

  it('leave the pause before a retry to the AE title, and have none when that is said', () => {
    expect(definitionOf({ retry: { attempts: 2 } })?.retry).toEqual({ attempts: 2 });
    expect(definitionOf({ retry: { attempts: 2, backoff: 0 } })?.retry?.backoffSeconds).toBe(0);
  });

  it('are refused all at once, each with what would be right', () => {
    const { definition, problems } = read({
      keepWarm: 'yes',
      priority: 'urgent',
      retry: { attempts: 0, backoff: '20h' },
      gpu: -1,
      cpu: 0,
      memory: '8 apples',
    });
    expect(definition).toBeUndefined();
    expect(problems.map(({ path }) => path)).toEqual([
      'service.jobs[0].keepWarm',
      'service.jobs[0].priority',
      'service.jobs[0].retry.attempts',
      'service.jobs[0].retry.backoff',
      'service.jobs[0].gpu',
      'service.jobs[0].cpu',
      'service.jobs[0].memory',
    ]);
    expect(problems.at(-1)?.message).toContain('write "512m", "8g"');
    expect(problems[1]?.message).toContain('immediate, higher, normal, lower');
  });
});
