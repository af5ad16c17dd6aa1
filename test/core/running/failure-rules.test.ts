import { describe, expect, it } from 'vitest';
import { effectOnTarget } from '../../../core/running/failure-rules.ts';

const JOB = { kind: 'job' } as const;
const source = (state: 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'CANCELLED' | 'SKIPPED') => ({
  kind: 'job' as const,
  name: 'segment',
  state,
});

describe('effectOnTarget', () => {
  it.each(['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'CANCELLED', 'SKIPPED'] as const)(
    'lets a target that comes after a %s job run',
    (state) => {
      expect(effectOnTarget({ kind: 'after' }, source(state), JOB)).toEqual({ effect: 'release' });
    },
  );

  it('lets a target run that requires a job which succeeded', () => {
    expect(effectOnTarget({ kind: 'requires' }, source('SUCCEEDED'), JOB)).toEqual({
      effect: 'release',
    });
  });

  it.each([
    ['FAILED', 'It depends on "segment", which failed.'],
    ['TIMED_OUT', 'It depends on "segment", which exceeded its time limit.'],
    ['CANCELLED', 'It depends on "segment", which was cancelled.'],
    ['SKIPPED', 'It depends on "segment", which was skipped.'],
  ] as const)('skips a target that requires a %s job, and says so', (state, reason) => {
    expect(effectOnTarget({ kind: 'requires' }, source(state), JOB)).toEqual({
      effect: 'skip',
      reason,
      stopped: false,
    });
  });

  it('stops everything after failed pre-services, whatever the edge, but not post-services', () => {
    const pre = {
      kind: 'pre-services' as const,
      name: 'pre-services',
      state: 'FAILED' as const,
      reason: '2 of 3 images cannot be read.',
    };
    const reason =
      "The session's images were not ready for its jobs. 2 of 3 images cannot be read.";
    const stop = { effect: 'skip', reason, stopped: true };

    expect(effectOnTarget({ kind: 'after' }, pre, JOB)).toEqual(stop);
    expect(effectOnTarget({ kind: 'after' }, pre, { kind: 'barrier' })).toEqual(stop);
    expect(effectOnTarget({ kind: 'after' }, pre, { kind: 'post-services' })).toEqual({
      effect: 'release',
    });
    const stopped = { ...source('SKIPPED'), reason, stopped: true };
    expect(effectOnTarget({ kind: 'after' }, stopped, JOB)).toEqual(stop);
    expect(effectOnTarget({ kind: 'after' }, stopped, { kind: 'post-services' })).toEqual({
      effect: 'release',
    });
  });
});
