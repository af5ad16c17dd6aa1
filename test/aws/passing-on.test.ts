import type { SQSEvent, SQSRecord } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { FunctionFailed, FunctionMissing } from '../../aws/functions.ts';
import { passingOn } from '../../aws/passing-on.ts';
import type { DecisionRecord, SessionItem } from '../../core/contracts/items.ts';
import { executionName, jobId, nodeId } from '../../core/contracts/keys.ts';
import { memorySessions } from '../support/memory-sessions.ts';
import { aSession } from '../support/sessions.ts';

const NOW = 5_000_000;

/** Of the release whose functions all have this version. */
const versions = (version: string) => ({
  ...{ plan: version, advance: version, tasks: version },
  ...{ sessionMachine: version, jobMachine: version },
});

const eventOf = (messages: Readonly<Record<string, unknown>>): SQSEvent => ({
  Records: Object.entries(messages).map(
    ([messageId, message]) =>
      ({
        messageId,
        body: typeof message === 'string' ? message : JSON.stringify(message),
      }) as SQSRecord,
  ),
});

const idsOf = ({ Records }: SQSEvent): string[] => Records.map(({ messageId }) => messageId);

const failuresOf = (...ids: string[]) => ({
  batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })),
});

/** Version 3 of `advance`, with sessions that began with these versions. */
const live = async (
  began: Readonly<Record<string, string | undefined>>,
  invoked: (version: string, event: SQSEvent) => unknown = () => failuresOf(),
  fails: readonly string[] = [],
) => {
  const sessions = memorySessions();
  const ids: Record<string, SessionItem> = {};
  for (const [name, version] of Object.entries(began)) {
    const session = aSession(version === undefined ? {} : { versions: versions(version) });
    await sessions.createSession(session);
    ids[name] = session;
  }
  const here: string[][] = [];
  const calls: { name: string; messages: string[]; event: unknown }[] = [];
  const decisions: DecisionRecord[] = [];
  const log = () => undefined;
  const deps = {
    part: 'advance' as const,
    environment: { AWS_LAMBDA_FUNCTION_NAME: 'gantry-advance', AWS_LAMBDA_FUNCTION_VERSION: '3' },
    sessions,
    functions: {
      invoke: (name: string, event: unknown) => {
        calls.push({ name, messages: idsOf(event as SQSEvent), event });
        return Promise.resolve().then(() => invoked(name.split(':')[1] ?? '', event as SQSEvent));
      },
    },
    decisions: {
      recordDecision: (record: DecisionRecord) => {
        decisions.push(record);
        return Promise.resolve();
      },
    },
    clock: () => NOW,
    logger: { info: log, warn: log, error: log },
  };
  const handle = passingOn(deps, (event) => {
    here.push(idsOf(event));
    return Promise.resolve(failuresOf(...idsOf(event).filter((id) => fails.includes(id))));
  });
  const of = (name: string) => ({ sessionId: ids[name]?.id ?? '' });
  return { deps, handle, here, calls, decisions, sessions, of };
};

describe('messages of sessions that began with another version', () => {
  it('go to that version of the function, one call for each version, and are not handled here', async () => {
    const { handle, here, calls, of } = await live({ old: '1', older: '1', next: '4', own: '3' });

    const answer = await handle(
      eventOf({ a: of('old'), b: of('own'), c: of('older'), d: of('next'), e: of('old') }),
    );

    expect(answer).toEqual(failuresOf());
    expect(here).toEqual([['b']]);
    expect(calls.map(({ name, messages }) => [name, messages])).toEqual([
      ['gantry-advance:1', ['a', 'c', 'e']],
      ['gantry-advance:4', ['d']],
    ]);
    expect(calls.map(({ event }) => event)).toEqual([
      expect.objectContaining({ passedOnBy: '3' }),
      expect.objectContaining({ passedOnBy: '3' }),
    ]);
  });

  it('are those of its jobs, tasks and their credentials too', async () => {
    const { handle, here, calls, of } = await live({ old: '1' });
    const job = jobId(of('old').sessionId, nodeId(1));

    await handle(
      eventOf({
        job: { ...of('old'), jobId: job, run: 1 },
        task: { detail: { startedBy: executionName(job, 2) } },
        credentials: { renewCredentials: { jobId: job, run: 1, attempt: 1 } },
      }),
    );

    expect(here).toEqual([]);
    expect(calls.map(({ messages }) => messages)).toEqual([['job', 'task', 'credentials']]);
  });

  it('stay here when they are of no session, of an unknown one, or of one without versions', async () => {
    const { handle, here, calls, of } = await live({ embedded: undefined });

    await handle(
      eventOf({
        runner: { ensureRunner: { worker: 'default' } },
        task: { detail: { startedBy: 'runner-1' } },
        unknown: { sessionId: 's00000000000000000000' },
        embedded: of('embedded'),
        junk: 'no JSON',
      }),
    );

    expect(here).toEqual([['runner', 'task', 'unknown', 'embedded', 'junk']]);
    expect(calls).toEqual([]);
  });

  it('fail one by one, as either version says', async () => {
    const { handle, of } = await live(
      { old: '1', own: '3' },
      () => failuresOf('b', 'not one of them'),
      ['c'],
    );

    const answer = await handle(
      eventOf({ a: of('old'), b: of('old'), c: of('own'), d: of('own') }),
    );

    expect(answer).toEqual(failuresOf('c', 'b'));
  });

  it.each([
    ['fails', () => Promise.reject(new FunctionFailed('gantry-advance:1', 'Error', 'timed out'))],
    ['answers something else', () => ({ statusCode: 200 })],
    ['answers nothing', () => null],
  ])('all fail when their version %s, and the others do not', async (_, invoked) => {
    const { handle, here, of } = await live({ old: '1', own: '3' }, invoked);

    const answer = await handle(eventOf({ a: of('old'), b: of('own'), c: of('old') }));

    expect(answer).toEqual(failuresOf('a', 'c'));
    expect(here).toEqual([['b']]);
  });

  it('fail alone when their session cannot be read', async () => {
    const { deps, of } = await live({ own: '3' });
    const here: string[][] = [];
    const unreadable = {
      ...deps.sessions,
      getSession: (id: string) =>
        id === of('own').sessionId
          ? deps.sessions.getSession(id)
          : Promise.reject(new Error('throttled')),
    };
    const handle = passingOn({ ...deps, sessions: unreadable }, (event) => {
      here.push(idsOf(event));
      return Promise.resolve(failuresOf());
    });

    expect(await handle(eventOf({ a: { sessionId: 's' }, b: of('own') }))).toEqual(failuresOf('a'));
    expect(here).toEqual([['b']]);
  });

  it('are handled by whoever they were passed on to, and never passed on again', async () => {
    const { handle, here, calls, of } = await live({ old: '1', next: '4' });
    const passedOn = { ...eventOf({ a: of('old'), b: of('next') }), passedOnBy: '7' };

    await handle(passedOn);

    expect(here).toEqual([['a', 'b']]);
    expect(calls).toEqual([]);
  });
});

describe('a version that somebody deleted', () => {
  const gone = (version: string) => {
    if (version === '1') throw new FunctionMissing('gantry-advance:1');
    return failuresOf();
  };

  it('is replaced by the live one for the rest of the session, which a decision record says once', async () => {
    const { handle, here, calls, decisions, sessions, of } = await live({ old: '1' }, gone);
    const { sessionId } = of('old');

    expect(await handle(eventOf({ a: of('old'), b: of('old') }))).toEqual(failuresOf());
    expect(await handle(eventOf({ c: of('old') }))).toEqual(failuresOf());

    expect(here).toEqual([['a', 'b'], ['c']]);
    expect(calls).toHaveLength(1);
    expect((await sessions.getSession(sessionId))?.versions).toBeUndefined();
    expect(decisions).toMatchObject([{ code: 'session-versions-gone', sessionId, at: NOW }]);
    expect(decisions[0]?.message).toContain('Version 1 of the function "advance"');
  });

  it('is not replaced for a session of another version, and what fails then fails alone', async () => {
    const { handle, decisions, sessions, of } = await live({ old: '1', older: '2' }, gone, ['a']);

    const answer = await handle(eventOf({ a: of('old'), b: of('old'), c: of('older') }));

    expect(answer).toEqual(failuresOf('a'));
    expect(decisions).toHaveLength(1);
    expect((await sessions.getSession(of('older').sessionId))?.versions).toEqual(versions('2'));
  });
});
