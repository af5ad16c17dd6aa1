import { describe, expect, it } from 'vitest';
import { nodeId } from '../../../core/contracts/keys.ts';
import { finishSession, JobsNotEnded } from '../../../core/running/finish-session.ts';
import { memorySessionData } from '../../support/memory-cloud.ts';
import { memorySessions } from '../../support/memory-sessions.ts';
import { aNode, aSession } from '../../support/sessions.ts';

const NOW = 7_000_000;

const prepared = async (states: readonly ('SUCCEEDED' | 'FAILED' | 'WAITING')[]) => {
  const sessions = memorySessions();
  const sessionData = memorySessionData();
  const session = aSession();
  await sessions.createSession(session);
  const jobs = states.map((state, index) => aNode(session.id, index, { state }));
  await sessions.storePlan(session, jobs, [], 1);
  const finish = (facts: { run?: number; error?: { name: string; cause: string } } = {}) =>
    finishSession(
      { sessions, sessionData, clock: () => NOW },
      { sessionId: session.id, run: 1, ...facts },
    );
  return { sessions, sessionData, session, finish };
};

describe('finishSession', () => {
  it('writes how the jobs have ended, once', async () => {
    const { sessions, session, finish } = await prepared(['SUCCEEDED', 'FAILED']);

    expect(await finish()).toEqual({ outcome: 'finished', state: 'FAILED' });
    expect(await finish()).toEqual({ outcome: 'nothing-to-do' });
    expect(await sessions.getSession(session.id)).toMatchObject({
      state: 'FAILED',
      reason: '"job-1" failed.',
      endedAt: NOW,
    });
  });

  it('does not end a session whose jobs have not ended', async () => {
    const { sessions, session, finish } = await prepared(['SUCCEEDED', 'WAITING']);

    await expect(finish()).rejects.toThrow(JobsNotEnded);
    expect((await sessions.getSession(session.id))?.state).toBe('RUNNING');
  });

  it('fails a session with what its execution caught, and says so on what never ran', async () => {
    const { sessions, session, finish } = await prepared(['SUCCEEDED', 'WAITING']);
    const error = { name: 'ManifestMissing', cause: 'The group has no manifest.' };

    expect(await finish({ error })).toEqual({ outcome: 'finished', state: 'FAILED' });

    const reason = 'ManifestMissing: The group has no manifest.';
    expect(await sessions.getSession(session.id)).toMatchObject({ state: 'FAILED', reason });
    expect(await sessions.getJob(session.id, nodeId(1))).toMatchObject({
      state: 'SKIPPED',
      reason: `Its session failed. ${reason}`,
    });
  });

  it('leaves to the sweep what only a restart of the embedded cloud has ended', async () => {
    const { sessions, session, finish } = await prepared(['WAITING']);

    for (const error of [
      { name: 'States.ServiceRestart', cause: '' },
      { name: 'States.TaskFailed', cause: 'States.ServiceRestart: gone' },
    ]) {
      expect(await finish({ error })).toEqual({ outcome: 'left-to-sweep' });
    }
    expect((await sessions.getSession(session.id))?.state).toBe('RUNNING');
  });

  it('does nothing for a run that was given up', async () => {
    const { sessions, session, finish } = await prepared(['SUCCEEDED']);
    await sessions.restartSession(session.id, 1);

    expect(await finish({ error: { name: 'States.Timeout', cause: '' } })).toEqual({
      outcome: 'nothing-to-do',
    });
    expect(await finish({ run: 2 })).toEqual({ outcome: 'finished', state: 'SUCCEEDED' });
  });
});
