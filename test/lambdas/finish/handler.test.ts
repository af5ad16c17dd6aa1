import { describe, expect, it } from 'vitest';
import { makeHandler } from '../../../lambdas/finish/handler.ts';
import { recordedLogs } from '../../support/logs.ts';
import { memorySessionData } from '../../support/memory-cloud.ts';
import { memorySessions } from '../../support/memory-sessions.ts';
import { aNode, aSession } from '../../support/sessions.ts';

const site = async () => {
  const sessions = memorySessions();
  const session = aSession();
  await sessions.createSession(session);
  await sessions.storePlan(session, [aNode(session.id, 0, { state: 'SUCCEEDED' })], [], 1);
  const { logger, entries } = recordedLogs();
  const deps = { sessions, sessionData: memorySessionData(), logger, clock: () => 5 };
  const reported: object[] = [];
  const report = (values: object): void => {
    reported.push(values);
  };
  return {
    ...{ sessions, session, entries, reported },
    handler: makeHandler({ ...deps, report }),
  };
};

describe('the finish Lambda', () => {
  it('ends a session as its jobs have ended', async () => {
    const { sessions, session, handler, entries } = await site();

    expect(await handler({ sessionId: session.id, run: 1 })).toEqual({});

    expect((await sessions.getSession(session.id))?.state).toBe('SUCCEEDED');
    expect(entries).toEqual([
      {
        level: 'info',
        message: 'session at its end',
        facts: { sessionId: session.id, outcome: 'finished', state: 'SUCCEEDED' },
      },
    ]);
  });

  it('counts a session that has failed, and none that has not', async () => {
    const { session, handler, reported } = await site();
    const failed = await site();

    await handler({ sessionId: session.id, run: 1 });
    await failed.handler({
      ...{ sessionId: failed.session.id, run: 1 },
      error: { name: 'RuleFailed', cause: 'no' },
    });

    expect(reported).toEqual([]);
    expect(failed.reported).toEqual([{ sessionsFailed: 1 }]);
  });

  it('refuses what is no input of it', async () => {
    const { handler } = await site();

    await expect(handler({ sessionId: 's' })).rejects.toThrow('run');
  });
});
