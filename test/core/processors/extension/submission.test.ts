/** A submission goes the way of a released group: exactly its instances, one session, whatever crashes between. */
import { describe, expect, it } from 'vitest';
import type { InstanceItem, SessionItem } from '../../../../core/contracts/items.ts';
import { manifestInstances } from '../../../../core/processors/members.ts';
import {
  submitSession,
  SubmissionRefused,
  type Submission,
} from '../../../../core/processors/extension/submission.ts';
import { sweepGroups } from '../../../../core/processors/stability.ts';
import { memoryGroups } from '../../../support/memory-groups.ts';

const instance = (number: number, aeTitle = 'PAIR'): InstanceItem => ({
  ...{ aeTitle, keyId: 'a'.repeat(20), sopInstanceUid: `1.2.${number}`, sha256: 'f'.repeat(64) },
  ...{ sopClassUid: '1.2', seriesInstanceUid: '1.2', studyInstanceUid: '1.1', patientId: 'P1' },
  ...{ issuerOfPatientId: '', transferSyntaxUid: '1.2', objectKey: `o/${number}`, size: 1 },
  ...{ callingAeTitle: 'CT', remoteAddress: '', associationId: '', receivedAt: number },
  attributes: {},
});

const submission = (numbers: readonly number[], change: Partial<Submission> = {}): Submission => ({
  settings: { aeTitle: 'PAIR', processor: 'pair' },
  groupBy: ['StudyInstanceUID'],
  because: 'submitted',
  name: 'fusion',
  pipelineId: 'p1',
  priority: 'higher',
  instances: numbers.map((number) => instance(number)),
  ...change,
});

const site = () => {
  const groups = memoryGroups();
  const sessions = new Map<string, SessionItem>();
  const started: string[] = [];
  const used: string[] = [];
  for (const number of [1, 2, 3]) void groups.putInstance(instance(number));
  const deps = {
    groups,
    reclaims: {
      use: (keyId: string) => {
        used.push(keyId);
        return Promise.resolve();
      },
    },
    sessions: {
      createSession: (session: SessionItem) => {
        if (sessions.has(session.id)) return Promise.resolve(false);
        sessions.set(session.id, session);
        return Promise.resolve(true);
      },
      getSession: (id: string) => Promise.resolve(sessions.get(id)),
    },
    executions: {
      start: (_: string, name: string) => {
        started.push(name);
        return Promise.resolve('started' as const);
      },
    },
    sessionMachineArn: 'machine',
    pipelineExists: (id: string) => Promise.resolve(id === 'p1'),
    clock: () => 100_000,
    sleep: () => Promise.resolve(),
    sendCheck: () => Promise.resolve(),
  };
  return { deps, groups, sessions, started, used };
};

describe('a submission', () => {
  it('makes a released group with a manifest of exactly its instances, and a session', async () => {
    const { deps, groups, sessions } = site();

    const { groupId, sessionId } = await submitSession(deps, submission([3, 1, 2, 1]));

    expect(sessions.get(sessionId)).toMatchObject({
      ...{ groupId, aeTitle: 'PAIR', pipeline: 'p1', pipelineName: 'fusion', instanceCount: 3 },
      ...{ priority: 'higher', studies: ['1.1'] },
    });
    expect(groups.groupItems.get(groupId)).toMatchObject({
      ...{ state: 'RELEASED', closedBecause: 'submitted', sessions: [sessionId] },
    });
    expect(manifestInstances(groups.manifests.get(groupId)!).map((item) => item.objectKey)).toEqual(
      ['o/1', 'o/2', 'o/3'],
    );
  });

  it('begins a session with the versions of its release, and whoever does the rest later keeps them', async () => {
    const { deps, sessions } = site();
    const versions = (version: string) => ({
      ...{ plan: version, advance: version, tasks: version },
      ...{ sessionMachine: version, jobMachine: version },
    });
    const machines: string[] = [];
    const release = (version: string, start: () => Promise<'started'>) => ({
      ...deps,
      platformVersions: versions(version),
      executions: {
        start: (machine: string) => {
          machines.push(machine);
          return start();
        },
      },
    });
    const dies = release('1', () => Promise.reject(new Error('crash')));
    await expect(submitSession(dies, submission([1, 2]))).rejects.toThrow('crash');
    const next = release('2', () => Promise.resolve('started'));
    const { sessionId } = await submitSession(next, submission([1, 2]));

    expect(sessions.get(sessionId)?.versions).toEqual(versions('1'));
    expect(machines).toEqual(['machine:1', 'machine:1']);
  });

  it('of the same name, pipeline and instances is the same session, in any order', async () => {
    const { deps, sessions } = site();

    const first = await submitSession(deps, submission([1, 2]));
    const again = await submitSession(deps, submission([2, 1], { priority: 'lower' }));
    const other = await submitSession(deps, submission([1, 2], { name: 'other' }));

    expect(again).toEqual(first);
    expect(other.sessionId).not.toBe(first.sessionId);
    expect(sessions.size).toBe(2);
  });

  it.each(['openBefore', 'release', 'createSession'])(
    'that crashes at %s is finished by the sweep or by its repetition, with the same instances',
    async (step) => {
      const { deps, groups, sessions } = site();
      const crash = () => Promise.reject(new Error('crash'));
      const broken = {
        ...deps,
        groups: {
          ...groups,
          ...(step === 'openBefore' ? { open: crash } : {}),
          ...(step === 'release' ? { release: crash } : {}),
        },
        ...(step === 'createSession'
          ? { sessions: { ...deps.sessions, createSession: crash } }
          : {}),
      };

      await expect(submitSession(broken, submission([1, 2]))).rejects.toThrow('crash');
      await sweepGroups({ ...deps, clock: () => 200_000 });
      const { groupId, sessionId } = await submitSession(deps, submission([1, 2]));

      expect([...sessions.keys()]).toEqual([sessionId]);
      expect(groups.groupItems.get(groupId)).toMatchObject({ state: 'RELEASED', instanceCount: 2 });
    },
  );

  it('tells the reclaimer before it is there, and is refused when an instance is gone', async () => {
    const { deps, groups, used } = site();

    const error = await submitSession(deps, submission([1, 9])).catch((caught: unknown) => caught);

    expect(error).toMatchObject({ problem: 'instances-gone' });
    expect(used).toEqual(['a'.repeat(20)]);
    expect(groups.manifests.size).toBe(0);
  });

  it.each([
    ['no-instances', submission([])],
    ['no-pipeline', submission([1], { pipelineId: 'p2' })],
    ['no-name', submission([1], { name: ' ' })],
    ['other-ae-title', submission([], { instances: [instance(1, 'CT')] })],
  ])('is refused for %s', async (problem, refused) => {
    const { deps, groups } = site();

    const error = await submitSession(deps, refused).catch((caught: unknown) => caught);

    expect(error).toBeInstanceOf(SubmissionRefused);
    expect(error).toMatchObject({ problem });
    expect(groups.manifests.size).toBe(0);
  });
});
