/** The registry function against callbacks that answer in every form, and against those that misbehave. */
import { describe, expect, it } from 'vitest';
import { V1_REGISTRY_INIT } from '../../../core/packages/v1-package.ts';
import { anObject, callRegistry, returning } from './call-registry.ts';

const outcomeOf = async (expression: string) => {
  const { answers } = await callRegistry({ code: returning(expression) });
  const [answer] = answers;
  return answer?.outcome === 'run' ? answer.addedParams : answer?.outcome;
};

const brokenBy = async (code: string, timeoutSeconds = 5) => {
  const { answers, log } = await callRegistry({ code, request: { timeoutSeconds } });
  const [answer] = answers;
  if (answer?.outcome !== 'broke') throw new Error(`it did not break: ${JSON.stringify(answer)}`);
  return { ...answer.error, log };
};

const breaking = (...statements: readonly string[]): string =>
  ['def callback(**keywords):', ...statements.map((statement) => `    ${statement}`), ''].join(
    '\n',
  );

/** Breaks for object `bad` only, so that what follows it can be seen. */
const breakingOnce = (statement: string): string =>
  breaking(
    'import os, sys, time',
    `if keywords["headers"]["_id"] == "bad": ${statement}`,
    'return True',
  );

describe('the return forms of a registry callback', () => {
  it.each([
    ['True', {}],
    ['1', {}],
    ['"yes"', {}],
    ['False', 'skip'],
    ['None', 'skip'],
    ['0', 'skip'],
    ['[]', 'skip'],
    ['()', 'skip'],
    ['{}', 'skip'],
    ['(True, {"threshold": 3})', { threshold: 3 }],
    ['[1, {"threshold": 3}]', { threshold: 3 }],
    ['(True,)', {}],
    ['(True, None)', {}],
    ['(True, "no dict")', {}],
    ['(True, {"a": 1}, "further items are ignored")', { a: 1 }],
    ['(False, {"threshold": 3})', 'skip'],
    ['(None, {"threshold": 3})', 'skip'],
    ['([], {"threshold": 3})', 'skip'],
    ['{"a bare dict": "is true and not used"}', {}],
  ])('%s', async (expression, expected) => {
    expect(await outcomeOf(expression)).toEqual(expected);
  });
});

describe('a package for dcm-processor 1', () => {
  it('has its callback called by its dotted name, with the arguments that it knows', async () => {
    const { answers } = await callRegistry({
      code: V1_REGISTRY_INIT,
      files: {
        'v1/old/__init__.py': '',
        'v1/old/rules.py':
          'def callback(**keywords):\n    return keywords["params"]["run"], {"got": keywords}\n',
      },
      request: {
        jobName: 'measure',
        registryEntry: 'old.rules.callback',
        objects: [anObject('a', { params: { run: true }, addedParams: { other: {} } })],
      },
    });

    expect(answers).toEqual([
      {
        objectId: 'a',
        outcome: 'run',
        addedParams: {
          got: {
            jobName: 'measure',
            headers: { _id: 'a' },
            params: { run: true },
            added_params: { other: {} },
          },
        },
      },
    ]);
  });

  it('breaks when its callback is not there', async () => {
    const { answers } = await callRegistry({
      code: V1_REGISTRY_INIT,
      files: { 'v1/old/__init__.py': '' },
      request: { registryEntry: 'old.callback' },
    });

    expect(answers).toMatchObject([{ outcome: 'broke', error: { type: 'AttributeError' } }]);
  });
});

describe('what a registry callback is given', () => {
  it('gets exactly the five keywords', async () => {
    const code =
      'def callback(*arguments, **keywords):\n    return True, {"got": [len(arguments), *sorted(keywords)]}\n';

    const { answers } = await callRegistry({ code });

    expect(answers).toEqual([
      {
        objectId: 'a',
        outcome: 'run',
        addedParams: {
          got: [0, 'added_params', 'headers', 'job_name', 'params', 'session_id'],
        },
      },
    ]);
  });

  it('gets the values of its object', async () => {
    const { answers } = await callRegistry({
      code: returning('True, {"got": [session_id, job_name, headers, added_params, params]}'),
      request: {
        sessionId: 's7',
        jobName: 'measure',
        objects: [
          anObject('a', {
            headers: { _id: 'a', Series: ['x'] },
            params: { p: 1 },
            addedParams: { other: { q: 2 } },
          }),
        ],
      },
    });

    expect(answers[0]).toMatchObject({
      addedParams: {
        got: ['s7', 'measure', { _id: 'a', Series: ['x'] }, { other: { q: 2 } }, { p: 1 }],
      },
    });
  });

  it('gets the times of the headers as naive datetimes in UTC', async () => {
    const { answers } = await callRegistry({
      code: returning('True, {"got": [repr(headers["CreatedAt"]), repr(headers["UpdatedAt"])]}'),
      request: {
        objects: [
          anObject('a', {
            headers: {
              CreatedAt: '2026-05-04T03:02:01.500Z',
              UpdatedAt: '2026-05-04T05:02:02+02:00',
            },
          }),
        ],
      },
    });

    expect(answers[0]).toMatchObject({
      addedParams: {
        got: [
          'datetime.datetime(2026, 5, 4, 3, 2, 1, 500000)',
          'datetime.datetime(2026, 5, 4, 3, 2, 2)',
        ],
      },
    });
  });

  it('gets decimals of the headers as floats, also those that JSON writes as whole numbers', async () => {
    const { answers } = await callRegistry({
      code: returning('True, {"got": repr(headers["Metadata"])}'),
      request: {
        objects: [anObject('a', { headers: { Metadata: { PatientWeight: 70, PatientAge: 54 } } })],
      },
    });

    expect(answers[0]).toMatchObject({
      addedParams: { got: "{'PatientWeight': 70.0, 'PatientAge': 54}" },
    });
  });

  it('finds the callback through a relative import, as the template has it', async () => {
    const { answers } = await callRegistry({
      code: 'from .main import callback\n',
      files: { 'main.py': returning('True') },
    });

    expect(answers).toMatchObject([{ outcome: 'run' }]);
  });

  it('does not see what an earlier call changed in its headers and parameters', async () => {
    const shared = { headers: { n: 0 }, params: { n: 0 }, addedParams: { n: { n: 0 } } };
    const code = breaking(
      'dicts = (keywords["headers"], keywords["params"], keywords["added_params"]["n"])',
      'for one in dicts: one["n"] += 1',
      'return True, {"seen": [one["n"] for one in dicts]}',
    );

    const { answers } = await callRegistry({
      code,
      request: { objects: [anObject('a', shared), anObject('b', shared)] },
    });

    expect(answers).toMatchObject([
      { addedParams: { seen: [1, 1, 1] } },
      { addedParams: { seen: [1, 1, 1] } },
    ]);
  });

  it('has no credentials and none of the runtime’s variables in its environment', async () => {
    const { answers } = await callRegistry({
      code: returning('True, {"got": sorted(__import__("os").environ)}'),
      environment: {
        AWS_SECRET_ACCESS_KEY: 'secret',
        AWS_LAMBDA_RUNTIME_API: '127.0.0.1:9001',
        GANTRY_TABLE: 'table',
      },
    });

    const names = (answers[0] as unknown as { addedParams: { got: string[] } }).addedParams.got;
    expect(names).toContain('PATH');
    expect(names.filter((name) => /AWS|GANTRY/.test(name))).toEqual([]);
  });
});

describe('a registry callback that misbehaves', () => {
  it('throws: type, message and traceback of its own code are told', async () => {
    const error = await brokenBy(breaking('raise ValueError("no such threshold")'));

    expect(error).toMatchObject({ type: 'ValueError', message: 'no such threshold' });
    expect(error.traceback).toContain('service_registry/__init__.py", line 2, in callback');
    expect(error.traceback).not.toContain('gantry_callback');
  });

  it('calls sys.exit', async () => {
    const error = await brokenBy(breaking('import sys; sys.exit(3)'));

    expect(error).toMatchObject({
      type: 'SystemExit',
      message: 'the callback ended its process with sys.exit(3)',
    });
  });

  it('ends its process without a word', async () => {
    const error = await brokenBy(breaking('import os; os._exit(7)'));

    expect(error).toMatchObject({
      type: 'ProcessEnded',
      message: 'the callback ended its process with status 7',
    });
  });

  it('kills its process', async () => {
    const error = await brokenBy(breaking('import os; os.kill(os.getpid(), 9)'));

    expect(error.message).toBe('the callback ended its process with signal SIGKILL');
  });

  it('hangs beyond its time limit', async () => {
    const error = await brokenBy(breaking('import time; time.sleep(60)'), 0.3);

    expect(error).toMatchObject({
      type: 'TimeLimit',
      message: 'the callback did not answer within 0.3 s',
    });
  });

  it.each([
    ['a set', '(True, {"x": {1, 2}})', 'NotJson', /Object of type set is not JSON serializable/],
    ['not a number', '(True, {"x": float("nan")})', 'NotJson', /Out of range float values/],
    ['a key that is no text', '(True, {(1, 2): 3})', 'NotJson', /keys must be str/],
    ['a megabyte', '(True, {"x": "y" * 1_000_000})', 'TooLarge', /1000\d+ bytes; at most 262144/],
  ])('adds what no JSON can hold: %s', async (_what, expression, type, message) => {
    expect(await brokenBy(returning(expression))).toMatchObject({
      type,
      message: expect.stringMatching(message) as string,
    });
  });

  it('returns an object whose truth cannot be told', async () => {
    const code =
      'class Array:\n    def __bool__(self):\n        raise ValueError("ambiguous")\n' +
      returning('Array()');

    expect(await brokenBy(code)).toMatchObject({ type: 'ValueError', message: 'ambiguous' });
  });

  it('has another signature', async () => {
    expect(await brokenBy('def callback(headers):\n    return True\n')).toMatchObject({
      type: 'TypeError',
      message: expect.stringContaining('unexpected keyword argument') as string,
    });
  });

  it('is not there', async () => {
    expect(await brokenBy('')).toMatchObject({
      type: 'AttributeError',
      message: "module 'service_registry' has no attribute 'callback'",
    });
  });

  it('cannot be imported: the error is told for every object', async () => {
    const { answers } = await callRegistry({
      code: 'import numpy_that_is_not_there\n',
      request: { objects: [anObject('a'), anObject('b')] },
    });

    expect(answers).toMatchObject(
      ['a', 'b'].map((objectId) => ({
        objectId,
        outcome: 'broke',
        error: {
          type: 'ModuleNotFoundError',
          message: "No module named 'numpy_that_is_not_there'",
        },
      })),
    );
  });

  it('ends the process when it is imported', async () => {
    expect(await brokenBy('import sys\nsys.exit("not on this computer")\n')).toMatchObject({
      type: 'SystemExit',
    });
  });

  it('prints a megabyte: its outcome stands, and the log has the beginning', async () => {
    const { answers, log } = await callRegistry({
      code: breaking(
        'import os, sys',
        'print("first words")',
        'sys.stderr.write("x" * 500_000)',
        'os.write(1, b"y" * 500_000)',
        'return True',
      ),
    });

    expect(answers).toMatchObject([{ outcome: 'run' }]);
    expect(log).toContain('first words');
    expect(log.length).toBeLessThan(70_000);
  });

  it('closes its standard output and goes on', async () => {
    const { answers } = await callRegistry({
      code: breaking(
        'import os, time',
        'os.close(1)',
        'os.close(2)',
        'time.sleep(0.1)',
        'return True',
      ),
    });

    expect(answers).toMatchObject([{ outcome: 'run' }]);
  });

  it('forks, and the other process comes back through it', async () => {
    const { answers } = await callRegistry({
      code: breaking('import os', 'os.fork()', 'return True, {"pid": os.getpid()}'),
      request: { objects: [anObject('a'), anObject('b')] },
    });

    const pids = answers.map((answer) =>
      answer.outcome === 'run' ? answer.addedParams['pid'] : 0,
    );
    expect(pids[0]).toBeGreaterThan(1);
    expect(pids[1]).toBe(pids[0]);
  });

  it.each(['raise KeyError("x")', 'sys.exit()', 'os._exit(1)', 'time.sleep(60)'])(
    'does not harm the objects after it: %s',
    async (statement) => {
      const { answers } = await callRegistry({
        code: breakingOnce(statement),
        request: { timeoutSeconds: 1, objects: ['a', 'bad', 'c', 'd'].map((id) => anObject(id)) },
      });

      expect(answers.map(({ objectId, outcome }) => [objectId, outcome])).toEqual([
        ['a', 'run'],
        ['bad', 'broke'],
        ['c', 'run'],
        ['d', 'run'],
      ]);
    },
  );
});

const isRoot = process.platform === 'linux' && process.getuid?.() === 0;

const WHO = [
  'import os, resource, tempfile',
  'who = {"users": os.getresuid(), "groups": [*os.getresgid(), *os.getgroups()],',
  '  "core": resource.getrlimit(resource.RLIMIT_CORE)[1],',
  '  "addresses": resource.getrlimit(resource.RLIMIT_AS)[1],',
  '  "processes": resource.getrlimit(resource.RLIMIT_NPROC)[1]}',
  'def reads(path):',
  '    try:',
  '        return len(open(path, "rb").read())',
  '    except PermissionError:',
  '        return "refused"',
  'who["parent"] = reads(f"/proc/{os.getppid()}/environ")',
  'tempfile.TemporaryFile().close()',
  'open("here", "w").close()',
  'os.remove("here")',
  'def callback(**keywords):',
  '    return True, who',
  '',
].join('\n');

describe('the rights of a registry callback', () => {
  it.runIf(isRoot)('are not root’s, from its import on', async () => {
    const { answers, log } = await callRegistry({ code: WHO, forEverybody: true });

    const [answer] = answers;
    const who = answer?.outcome === 'run' ? answer.addedParams : { log, answer };
    const [uid] = who['users'] as [number];
    expect(uid).toBeGreaterThanOrEqual(60_578);
    expect(uid).toBeLessThan(61_184);
    expect(who).toEqual({
      users: [uid, uid, uid],
      groups: [uid, uid, uid],
      core: 0,
      addresses: 4 * 1024 ** 3,
      processes: 256,
      parent: 'refused',
    });
  });

  it.runIf(isRoot)(
    'stay root’s where nobody else can read the package, and the log says so',
    async () => {
      const { answers, log } = await callRegistry({ code: WHO });

      expect(answers).toMatchObject([
        { outcome: 'run', addedParams: { users: [0, 0, 0], core: 0 } },
      ]);
      expect(log).toContain('the callback runs as root: another user cannot read');
    },
  );

  it.runIf(!isRoot)('are those of the function, within limits', async () => {
    const { answers } = await callRegistry({ code: WHO });

    expect(answers).toMatchObject([
      { outcome: 'run', addedParams: { users: [0, 0, 0].map(() => process.getuid?.()), core: 0 } },
    ]);
  });
});

describe('a request with many objects', () => {
  const objects = Array.from({ length: 6 }, (_, index) => anObject(`o${String(index)}`));

  it('is given up after the third time that the callback hangs', async () => {
    const { answers } = await callRegistry({
      code: breaking('import time', 'time.sleep(60)'),
      request: { timeoutSeconds: 0.2, objects },
    });

    expect(answers.map(({ outcome }) => outcome)).toEqual(['broke', 'broke', 'broke']);
  });

  it('is answered in part when the function’s own time ends', async () => {
    const { answers } = await callRegistry({
      code: breaking('import time', 'time.sleep(0.4)', 'return True'),
      request: { timeoutSeconds: 1, objects },
      milliseconds: 4000,
    });

    expect(answers.length).toBeGreaterThan(0);
    expect(answers.length).toBeLessThan(6);
    expect(answers.every(({ outcome }) => outcome === 'run')).toBe(true);
  });

  it('is answered in part when the answer would outgrow what a function may return', async () => {
    const many = Array.from({ length: 30 }, (_, index) => anObject(String(index)));

    const { answers } = await callRegistry({
      code: returning('(True, {"x": "y" * 200_000})'),
      request: { objects: many },
    });

    expect(answers.map(({ objectId }) => objectId)).toEqual(
      many.slice(0, answers.length).map(({ objectId }) => objectId),
    );
    expect(answers.length).toBe(20);
  });

  it('reaches a callback with headers of megabytes', async () => {
    const text = 'z'.repeat(3_000_000);

    const { answers } = await callRegistry({
      code: returning('True, {"length": len(headers["text"])}'),
      request: { objects: [anObject('a', { headers: { text } })] },
    });

    expect(answers).toMatchObject([{ addedParams: { length: text.length } }]);
  });
});

describe('a request with several callbacks', () => {
  const then = (...names: readonly string[]) =>
    names.map((jobName) => ({ jobName, registryEntry: jobName, params: { mine: jobName } }));
  const objects = [anObject('x'), anObject('y')];
  const first = { jobName: 'one', registryEntry: 'one', objects };
  const outcomes = (lists: readonly (readonly { outcome: string }[])[] | undefined) =>
    lists?.map((list) => list.map(({ outcome }) => outcome));

  it('gives each its parameters and what those before it added for that object', async () => {
    const { answers, then: others } = await callRegistry({
      code: [
        'import datetime, os',
        'def one(headers, **keywords):',
        '    return headers["_id"] == "x", {"at": datetime.datetime(2026, 1, 2), "pid": os.getpid()}',
        'def two(added_params, **keywords):',
        '    return False, {"never": 1}',
        'def three(params, job_name, added_params, **keywords):',
        '    one = added_params.get("one")',
        '    same = one is not None and one["pid"] == os.getpid()',
        '    return True, {"saw": sorted(added_params), "at": repr(one and one["at"]), "same": same, "own": [job_name, params]}',
        '',
      ].join('\n'),
      request: { ...first, then: then('two', 'three') },
    });

    const own = ['three', { mine: 'three' }];
    expect(answers).toMatchObject([{ outcome: 'run' }, { outcome: 'skip' }]);
    expect(outcomes(others?.slice(0, 1))).toEqual([['skip', 'skip']]);
    expect(others?.[1]).toMatchObject([
      {
        addedParams: {
          ...{ saw: ['one'], at: 'datetime.datetime(2026, 1, 2, 0, 0)', same: true, own },
        },
      },
      { addedParams: { saw: [], at: 'None', same: false, own } },
    ]);
  });

  it.each(['raise KeyError("x")', 'sys.exit()', 'os._exit(1)', 'time.sleep(60)'])(
    'goes on with the others after one that breaks: %s',
    async (statement) => {
      const { answers, then: others } = await callRegistry({
        code: `import os, sys, time\ndef one(**keywords): return True\ndef two(**keywords): ${statement}\n`,
        request: {
          ...first,
          timeoutSeconds: 0.5,
          then: [...then('two'), { ...then('one')[0]!, jobName: 'again' }],
        },
      });

      expect(outcomes([answers, ...(others ?? [])])).toEqual([
        ['run', 'run'],
        ['broke', 'broke'],
        ['run', 'run'],
      ]);
    },
  );

  it('goes on with the others after one that is not there', async () => {
    const { answers, then: others } = await callRegistry({
      code: 'def two(**keywords): return True\n',
      request: { ...first, then: then('two') },
    });

    expect(outcomes([answers, ...(others ?? [])])).toEqual([
      ['broke', 'broke'],
      ['run', 'run'],
    ]);
  });

  it('breaks all of them when the package ends its process as it is imported', async () => {
    const { answers, then: others } = await callRegistry({
      code: 'import os\nos._exit(3)\n',
      request: { ...first, then: then('two') },
    });

    expect([answers, ...(others ?? [])].flat()).toMatchObject(
      ['x', 'y', 'x', 'y'].map((objectId) => ({
        ...{ objectId, outcome: 'broke', error: { type: 'ProcessEnded' } },
      })),
    );
  });

  it('is answered in part when the function’s own time ends', async () => {
    const { answers, then: others } = await callRegistry({
      code: 'import time\ndef one(**keywords): time.sleep(0.4); return True\ntwo = three = one\n',
      request: { ...first, timeoutSeconds: 1, then: then('two', 'three') },
      milliseconds: 4600,
    });

    const done = [answers, ...(others ?? [])].flat();
    expect(answers).toHaveLength(2);
    expect(done.length).toBeLessThan(6);
    expect(done.every(({ outcome }) => outcome === 'run')).toBe(true);
  });
});
