/** How registry callbacks are asked through functions: pieces, answers in part, failures, and when it is enough. */
import { describe, expect, it } from 'vitest';
import type { RegistryRequest } from '../../../core/contracts/messages.ts';
import type { RegistryVerdict } from '../../../core/planning/registry.ts';
import { piecesOf, askFunctions, REGISTRY_LIMITS } from '../../../lambdas/plan/ask-functions.ts';
import { aJob, aService } from '../../core/planning/factories.ts';
import { callRegistry } from '../registry/call-registry.ts';
import { functionFailed, promised, yes, type Invoke } from './fakes.ts';

const objects = (count: number, size = 0) =>
  Array.from({ length: count }, (_, index) => ({
    objectId: `o${String(index)}`,
    headers: { text: 'x'.repeat(size) },
    params: {},
    addedParams: {},
  }));

const asking = (
  invoke: Invoke,
  limits: Partial<typeof REGISTRY_LIMITS & { deadline: number }> = {},
) => {
  const requests: RegistryRequest[] = [];
  const functions = {
    invoke: (functionName: string, payload: unknown): Promise<unknown> => {
      requests.push(payload as RegistryRequest);
      return promised(() => invoke(payload as RegistryRequest, functionName));
    },
  };
  const ask = askFunctions(functions, () => 1000, 's1', {
    ...REGISTRY_LIMITS,
    deadline: 2000,
    ...limits,
  });
  const service = aService('one', [aJob('a')]);
  const question = (count: number, size?: number) => ({
    candidate: { service, definition: aJob('a') },
    event: 'stable-series' as const,
    objects: objects(count, size),
  });
  return { requests, ask, question };
};

const kinds = (verdicts: readonly RegistryVerdict[]): string[] =>
  verdicts.map((verdict) => (verdict.outcome === 'broke' ? verdict.error.type : verdict.outcome));

const timedOut: Invoke = ({ objects: asked }) => ({
  answers: asked.slice(0, 3).map(({ objectId }) => ({
    objectId,
    outcome: 'broke',
    error: { type: 'TimeLimit', message: 'it hung', traceback: '' },
  })),
});

describe('pieces', () => {
  it('stay below the size of a request, in order, with all objects', () => {
    const all = objects(10, 300);

    const pieces = piecesOf(all, 1000);

    expect(pieces.flat()).toEqual(all);
    expect(pieces.map(({ length }) => length)).toEqual([2, 2, 2, 2, 2]);
  });

  it('leave an object alone that is larger than a request may be', () => {
    const [small, large, last] = [...objects(1), ...objects(1, 5000), ...objects(1)];

    expect(piecesOf([small!, large!, last!], 1000)).toEqual([[small], [large], [last]]);
  });

  it('are asked for some at a time, and answered in order', async () => {
    let atATime = 0;
    let most = 0;
    const { ask, question, requests } = asking(
      async (request, name) => {
        atATime += 1;
        most = Math.max(most, atATime);
        await new Promise((resolve) => setImmediate(resolve));
        atATime -= 1;
        return yes(request, name);
      },
      { requestBytes: 500 as never, concurrency: 2 as never },
    );

    const verdicts = await ask(question(9, 300));

    expect(requests).toHaveLength(9);
    expect(most).toBe(2);
    expect(verdicts.map(({ objectId }) => objectId)).toEqual(
      objects(9).map(({ objectId }) => objectId),
    );
  });
});

describe('a registry function', () => {
  it('that answers for the first objects is asked for the rest', async () => {
    const { ask, question, requests } = asking((request, name) =>
      yes({ ...request, objects: request.objects.slice(0, 2) }, name),
    );

    expect(kinds(await ask(question(5)))).toEqual(['run', 'run', 'run', 'run', 'run']);
    expect(requests.map(({ objects: asked }) => asked.length)).toEqual([5, 3, 1]);
  });

  it('that fails as a whole broke for its objects', async () => {
    const { ask, question } = asking(() => {
      throw functionFailed('out of time');
    });

    expect(await ask(question(2))).toMatchObject(
      ['o0', 'o1'].map((objectId) => ({
        objectId,
        outcome: 'broke',
        error: {
          type: 'Sandbox.Timedout',
          message: expect.stringContaining('out of time') as string,
        },
      })),
    );
  });

  it('that is not there broke for its objects', async () => {
    const { ask, question } = asking(() => {
      throw Object.assign(new Error('not found'), { name: 'ResourceNotFoundException' });
    });

    expect(kinds(await ask(question(1)))).toEqual(['FunctionMissing']);
  });

  it.each([
    ['nothing', null],
    ['no outcomes', { answers: [] }],
    ['another form', { answers: [{ objectId: 'o0', outcome: 'maybe' }] }],
    ['another object', { answers: [{ objectId: 'o1', outcome: 'skip' }] }],
  ])('that answers %s broke for its objects', async (_what, answer) => {
    const { ask, question } = asking(() => answer);

    expect(kinds(await ask(question(2)))).toEqual(['BadAnswer', 'BadAnswer']);
  });

  it('that cannot be reached now is left to a later try', async () => {
    const { ask, question } = asking(() => {
      throw Object.assign(new Error('Rate exceeded'), { name: 'TooManyRequestsException' });
    });

    await expect(ask(question(1))).rejects.toThrow('Rate exceeded');
  });
});

describe('a callback that hangs', () => {
  it('is not asked any more after the third time, for this level and the next', async () => {
    const { ask, question, requests } = asking(timedOut);

    const first = await ask(question(5));
    const second = await ask({ ...question(1), event: 'stable-study' });

    expect(kinds(first)).toEqual(['TimeLimit', 'TimeLimit', 'TimeLimit', 'NotAsked', 'NotAsked']);
    expect(kinds(second)).toEqual(['NotAsked']);
    expect(requests).toHaveLength(1);
  });

  it('does not keep another job’s callback from being asked', async () => {
    const { ask, question } = asking((request, name) =>
      (request.jobName === 'a' ? timedOut : yes)(request, name),
    );

    await ask(question(4));
    const other = await ask({
      ...question(1),
      candidate: { ...question(1).candidate, definition: aJob('b') },
    });

    expect(kinds(other)).toEqual(['run']);
  });
});

it('asks nobody once the time for planning is over', async () => {
  const { ask, question, requests } = asking(yes, { deadline: 1000 });

  expect(kinds(await ask(question(2)))).toEqual(['NotAsked', 'NotAsked']);
  expect(requests).toEqual([]);
});

it('speaks the language of the Python function', async () => {
  const { ask, question } = asking(async (request) => {
    const { answers } = await callRegistry({
      code: 'def callback(headers, **others):\n    return 1 / (3 - len(headers["text"])), {"n": 1}\n',
      request,
    });
    return { answers };
  });

  expect(await ask(question(1, 2))).toEqual([
    { objectId: 'o0', outcome: 'run', addedParams: { n: 1 } },
  ]);
  expect(kinds(await ask(question(1, 3)))).toEqual(['ZeroDivisionError']);
});
