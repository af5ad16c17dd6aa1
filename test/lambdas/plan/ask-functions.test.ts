/** How registry callbacks are asked through functions: pieces, answers in part, failures, and when it is enough. */
import { describe, expect, it } from 'vitest';
import { FunctionMissing } from '../../../aws/functions.ts';
import type { RegistryRequest, RegistryVerdict } from '../../../core/contracts/messages.ts';
import type { RegistryQuestion } from '../../../core/planning/registry.ts';
import { piecesOf, askFunctions, REGISTRY_LIMITS } from '../../../lambdas/plan/ask-functions.ts';
import { aJob, aService } from '../../core/planning/factories.ts';
import { callRegistry } from '../registry/call-registry.ts';
import { functionFailed, promised, yes, type Invoke } from './fakes.ts';

const objects = (count: number, size = 0) =>
  Array.from({ length: count }, (_, index) => ({
    objectId: `o${String(index)}`,
    headers: { text: 'x'.repeat(size) },
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
  const askAll = askFunctions(functions, () => 1000, 's1', {
    ...REGISTRY_LIMITS,
    deadline: 2000,
    ...limits,
  });
  const service = aService('one', []);
  const candidate = (name: string, params: Record<string, unknown> = {}) => ({
    ...{ service, definition: aJob(name, { params }) },
  });
  const question = (count: number, size?: number): RegistryQuestion => ({
    candidates: [candidate('a')],
    event: 'stable-series',
    objects: objects(count, size),
  });
  /** Of the only candidate. */
  const ask = async (asked: RegistryQuestion) => (await askAll(asked))[0] ?? [];
  return { requests, ask, askAll, question, candidate };
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
      throw new FunctionMissing('gantry-registry-one');
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
    const { ask, question, candidate } = asking((request, name) =>
      (request.jobName === 'a' ? timedOut : yes)(request, name),
    );

    await ask(question(4));
    const other = await ask({ ...question(1), candidates: [candidate('b')] });

    expect(kinds(other)).toEqual(['run']);
  });
});

describe('several callbacks of one service', () => {
  /** Each adds its own name and says what it saw. */
  const telling: Invoke = ({ jobName, objects: asked, then = [] }) => {
    const seen = asked.map(({ addedParams }) => Object.keys(addedParams));
    const listOf = (name: string) =>
      asked.map(({ objectId }, index) => {
        const saw = [...(seen[index] ?? [])];
        seen[index]?.push(name);
        return { objectId, outcome: 'run', addedParams: { saw } };
      });
    return { answers: listOf(jobName), then: then.map((job) => listOf(job.jobName)) };
  };
  const saw = (lists: readonly (readonly RegistryVerdict[])[]) =>
    lists.map((list) =>
      list.map((verdict) => (verdict.outcome === 'run' ? verdict.addedParams['saw'] : verdict)),
    );
  const IN_TURN = [
    [[], []],
    [['a'], ['a']],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
  ];

  it('are asked in one call, each with its own parameters', async () => {
    const { askAll, question, candidate, requests } = asking(telling);
    const candidates = [
      candidate('a', { p: 1 }),
      candidate('b', { p: 2 }),
      candidate('c'),
    ] as const;

    const lists = await askAll({ ...question(2), candidates: [...candidates] });

    expect(saw(lists)).toEqual(IN_TURN);
    expect(requests).toMatchObject([
      {
        jobName: 'a',
        objects: [{ params: { p: 1 } }, { params: { p: 1 } }],
        then: [
          { jobName: 'b', params: { p: 2 } },
          { jobName: 'c', params: {} },
        ],
      },
    ]);
  });

  it('are asked one after the other by a function that knows one callback only', async () => {
    const { askAll, question, candidate, requests } = asking((request, name) => {
      const { answers } = telling(request, name) as { answers: unknown };
      return { answers };
    });

    const lists = await askAll({
      ...question(2),
      candidates: [candidate('a'), candidate('b'), candidate('c')],
    });

    expect(saw(lists)).toEqual(IN_TURN);
    expect(requests.map(({ jobName }) => jobName)).toEqual(['a', 'b', 'c']);
  });

  it.each([1, 2, 3, 4, 5])(
    'are asked for the rest of what was answered %i at a time',
    async (n) => {
      const { askAll, question, candidate } = asking((request, name) => {
        const { answers, then } = telling(request, name) as Record<'answers' | 'then', never[]>;
        let left = n;
        const lists = [answers, ...then].map((list) => {
          const part = list.slice(0, left);
          left -= part.length;
          return part;
        });
        return { answers: lists[0], then: lists.slice(1) };
      });

      const lists = await askAll({
        ...question(2),
        candidates: [candidate('a'), candidate('b'), candidate('c')],
      });

      expect(saw(lists)).toEqual(IN_TURN);
    },
  );

  it('are asked one at a time when their function fails, and one of them broke', async () => {
    const { askAll, question, candidate, requests } = asking((request, name) => {
      const names = [request.jobName, ...(request.then ?? []).map(({ jobName }) => jobName)];
      if (names.includes('b')) throw functionFailed('out of memory');
      return telling(request, name);
    });

    const lists = await askAll({
      ...question(1),
      candidates: [candidate('a'), candidate('b'), candidate('c')],
    });

    expect(lists.map(kinds)).toEqual([['run'], ['Sandbox.Timedout'], ['run']]);
    expect(saw(lists)[2]).toEqual([['a']]);
    expect(requests).toHaveLength(4);
  });

  it('go on after one that hung three times, which is asked for no other object', async () => {
    const { askAll, question, candidate, requests } = asking((request, name) =>
      (request.jobName === 'a' ? timedOut : telling)(request, name),
    );

    const lists = await askAll({
      ...question(5),
      candidates: [candidate('a'), candidate('b'), candidate('c')],
    });

    expect(kinds(lists[0]!)).toEqual([
      'TimeLimit',
      'TimeLimit',
      'TimeLimit',
      'NotAsked',
      'NotAsked',
    ]);
    expect([kinds(lists[1]!), kinds(lists[2]!)]).toEqual([
      Array.from({ length: 5 }, () => 'run'),
      Array.from({ length: 5 }, () => 'run'),
    ]);
    expect(requests).toHaveLength(2);
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

it('has the Python function ask several callbacks in one call', async () => {
  const { askAll, question, candidate, requests } = asking(async (request) => {
    const { answers, then } = await callRegistry({
      code: 'def callback(job_name, params, added_params, **others):\n    return params["run"], {"saw": sorted(added_params)}\n',
      request,
    });
    return { answers, then };
  });

  const lists = await askAll({
    ...question(2),
    candidates: [
      candidate('a', { run: true }),
      candidate('b', { run: false }),
      candidate('c', { run: true }),
    ],
  });

  expect(lists.map((list) => list.map((verdict) => [verdict.outcome, verdict]))).toMatchObject([
    [
      ['run', { objectId: 'o0', addedParams: { saw: [] } }],
      ['run', { objectId: 'o1', addedParams: { saw: [] } }],
    ],
    [
      ['skip', { objectId: 'o0' }],
      ['skip', { objectId: 'o1' }],
    ],
    [
      ['run', { objectId: 'o0', addedParams: { saw: ['a'] } }],
      ['run', { objectId: 'o1', addedParams: { saw: ['a'] } }],
    ],
  ]);
  expect(requests).toHaveLength(1);
});
