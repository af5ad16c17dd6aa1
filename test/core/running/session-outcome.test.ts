import { describe, expect, it } from 'vitest';
import type { JobItem } from '../../../core/contracts/items.ts';
import { sessionOutcome } from '../../../core/running/session-outcome.ts';
import { aNode } from '../../support/sessions.ts';

const ID = 's0123456789abcdef0123';
let index = 0;
const job = (name: string, state: JobItem['state'], facts: Partial<JobItem> = {}): JobItem =>
  aNode(ID, (index += 1), { name, state, ...facts });
const platform = (post: JobItem['state'] = 'SUCCEEDED') => [
  aNode(ID, 0, { kind: 'pre-services', name: 'pre-services', state: 'SUCCEEDED' }),
  aNode(ID, 9000, { kind: 'post-services', name: 'post-services', state: post }),
];

describe('sessionOutcome', () => {
  it('is a success when a job succeeded and none failed, skipped ones or not', () => {
    const jobs = [...platform(), job('a', 'SUCCEEDED'), job('b', 'SKIPPED')];

    expect(sessionOutcome(jobs, {})).toEqual({ state: 'SUCCEEDED' });
  });

  it('fails with a job that failed or timed out, and names each with its number', () => {
    const jobs = [
      ...platform(),
      job('a', 'FAILED'),
      job('a', 'SUCCEEDED'),
      job('a', 'FAILED'),
      job('b', 'TIMED_OUT'),
      job('c', 'SKIPPED'),
      job('d', 'CANCELLED'),
    ];

    expect(sessionOutcome(jobs, {})).toEqual({
      state: 'FAILED',
      reason: '"a" failed (2 of 3 objects), "b" exceeded its time limit.',
    });
  });

  it('names a few of many', () => {
    const jobs = Array.from({ length: 8 }, (_, number) => job(`j${number}`, 'FAILED'));

    expect(sessionOutcome(jobs, {})).toEqual({
      state: 'FAILED',
      reason: '"j0" failed, "j1" failed, "j2" failed, "j3" failed, "j4" failed and 3 more.',
    });
  });

  it('fails when a registry callback broke, though nothing ran', () => {
    expect(sessionOutcome([job('a', 'SKIPPED', { broken: true })], {})).toEqual({
      state: 'FAILED',
      reason: '"a" could not be asked: its registry callback broke.',
    });
  });

  it('fails when the images could not be read', () => {
    const pre = aNode(ID, 0, { kind: 'pre-services', name: 'pre-services', state: 'FAILED' });

    expect(sessionOutcome([pre, job('a', 'SKIPPED', { stopped: true })], {})).toMatchObject({
      state: 'FAILED',
    });
  });

  it('is cancelled when a job was cancelled and none failed', () => {
    const jobs = [...platform(), job('a', 'SUCCEEDED'), job('b', 'CANCELLED')];

    expect(sessionOutcome(jobs, {})).toEqual({ state: 'CANCELLED', reason: 'Cancelled: "b".' });
  });

  it('is empty when nothing applied, with the reason that planning gave', () => {
    const reason = 'No service of the pipeline is installed.';

    expect(sessionOutcome([], { reason })).toEqual({ state: 'EMPTY', reason });
    expect(sessionOutcome([job('a', 'SKIPPED')], {})).toMatchObject({
      state: 'EMPTY',
      reason: 'Every job was skipped; each has its reason.',
    });
  });

  it('is still running while any job is, barriers aside', () => {
    const barrier = aNode(ID, 5, { kind: 'barrier', name: 'barrier', state: 'WAITING' });

    expect(sessionOutcome([...platform('WAITING'), job('a', 'FAILED')], {}).state).toBe('RUNNING');
    expect(sessionOutcome([...platform(), barrier, job('a', 'SUCCEEDED')], {}).state).toBe(
      'SUCCEEDED',
    );
  });
});
