/** A store that throttles, hangs or fails half-way: an answer in time, and Success only for what is durable. */
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { InstanceItem } from '../../../core/contracts/items.ts';
import type { ObjectStore } from '../../../core/contracts/ports.ts';
import type { InstancePut } from '../../../core/processors/group-store.ts';
import type { IngestDependencies } from '../../../listener-container/ingest/ingest.ts';
import { BENCH_AE_TITLE, openIngestBench, type IngestBench } from '../../support/ingest-bench.ts';
import { dataSetOf, receive, type InstanceFacts } from '../../support/received-instances.ts';

const IMAGE: InstanceFacts = { sopInstanceUid: '1.2.3.4.5', pixels: 100_000 };
const LIMITS = { deadlineMs: 1500, attemptMs: 300 };
/** From the last byte to the answer: the deadline, and what a busy machine adds. */
const IN_TIME_MS = LIMITS.deadlineMs + 1000;

let bench: IngestBench;
beforeEach(async () => {
  bench = await openIngestBench();
});
afterEach(() => bench.close());

const answerOf = async (change: Partial<IngestDependencies>, facts = IMAGE) => {
  const begun = performance.now();
  const outcome = await receive(bench.ingest({ limits: LIMITS, ...change }), facts);
  return { outcome, inTime: performance.now() - begun < IN_TIME_MS };
};

const hang = (): Promise<never> => new Promise(() => undefined);
const throttled = (): Promise<never> =>
  Promise.reject(Object.assign(new Error('slow down'), { name: 'ThrottlingException' }));

/** The first `count` calls do what `fails` does, the later ones what `works` does. */
const firstFailing = <A extends unknown[], T>(
  count: number,
  fails: (...args: A) => Promise<never>,
  works: (...args: A) => Promise<T>,
) => {
  let calls = 0;
  return (...args: A): Promise<T> => {
    calls += 1;
    return calls <= count ? fails(...args) : works(...args);
  };
};

/** Reads half of the body and breaks the connection. */
const halfWay = async (...[, body]: Parameters<ObjectStore['put']>): Promise<never> => {
  if (body instanceof Readable) {
    body.once('data', () => body.destroy());
    await once(body, 'close');
  }
  throw new Error('connection reset');
};

describe('a bucket', () => {
  it.each<[string, (...put: Parameters<ObjectStore['put']>) => Promise<never>]>([
    ['throttles', throttled],
    ['hangs', hang],
    ['breaks off half-way', halfWay],
  ])('that %s at first gets the whole object once it works', async (_what, fails) => {
    const put = firstFailing(2, fails, bench.keepObject);

    const { outcome, inTime } = await answerOf({ objects: { put } });

    const dataSet = dataSetOf(IMAGE);
    expect([outcome, inTime]).toEqual([{ status: 0 }, true]);
    expect(bench.stored).toHaveLength(1);
    expect(bench.stored[0]?.bytes.subarray(-dataSet.length).equals(dataSet)).toBe(true);
  });

  it.each<[string, (...put: Parameters<ObjectStore['put']>) => Promise<never>]>([
    ['throttles', throttled],
    ['hangs', hang],
    ['breaks off half-way', halfWay],
  ])('that %s for good makes 0xA700 in time, and no item', async (_what, put) => {
    const { outcome, inTime } = await answerOf({ objects: { put } });

    expect([outcome.status, inTime]).toEqual([0xa700, true]);
    expect(outcome.errorComment).toBe('the object could not be stored; try again');
    expect(bench.groups.instanceItems.size).toBe(0);
  });

  it('is told to stop when an attempt has run out of its time', async () => {
    const signals: (AbortSignal | undefined)[] = [];
    const put: ObjectStore['put'] = (_key, _body, { signal }) => {
      signals.push(signal);
      return hang();
    };

    await answerOf({ objects: { put } });

    expect(signals.length).toBeGreaterThan(1);
    expect(signals.every((signal) => signal?.aborted)).toBe(true);
  });
});

describe('a table', () => {
  it.each<[string, () => Promise<never>]>([
    ['throttles', throttled],
    ['hangs', hang],
  ])('that %s at the item makes 0xA700 in time', async (_what, putInstance) => {
    const { outcome, inTime } = await answerOf({ groups: { ...bench.groups, putInstance } });

    expect([outcome.status, inTime]).toEqual([0xa700, true]);
  });

  it('that throttles at first costs time and nothing else, and the object is put once', async () => {
    const putInstance = firstFailing<[InstanceItem], InstancePut>(2, throttled, (item) =>
      bench.groups.putInstance(item),
    );

    const { outcome } = await answerOf({ groups: { ...bench.groups, putInstance } });

    expect(outcome).toEqual({ status: 0 });
    expect(bench.stored).toHaveLength(1);
    expect(bench.groups.decisions).toEqual([]);
  });

  it.each<[string, () => Promise<never>]>([
    ['throttles', throttled],
    ['hangs', hang],
  ])('that %s at an unrouted item makes 0xA700 in time', async (_what, putUnrouted) => {
    const { outcome, inTime } = await answerOf(
      { groups: { ...bench.groups, putUnrouted } },
      { ...IMAGE, patientId: undefined },
    );

    expect([outcome.status, inTime]).toEqual([0xa700, true]);
  });

  it('that hangs at the touch makes 0xA700 in time: an item alone is not durable', async () => {
    const { outcome, inTime } = await answerOf({
      groups: { ...bench.groups, newest: hang, open: hang },
    });

    expect([outcome.status, inTime]).toEqual([0xa700, true]);
  });

  it('that hangs at the question for earlier versions makes 0xA700 in time', async () => {
    const { outcome, inTime } = await answerOf({
      stored: { find: hang },
      aeTitle: () => Promise.resolve({ ...BENCH_AE_TITLE, duplicates: 'keepFirst' }),
    });

    expect([outcome.status, inTime]).toEqual([0xa700, true]);
    expect(bench.stored).toEqual([]);
  });

  it.each<[string, Partial<IngestBench['groups']>]>([
    ['the record', { recordDecision: hang }],
    ['the count', { countIgnored: hang }],
  ])(
    'that hangs at %s of an ignored instance keeps the answer for seconds only',
    async (_what, hanging) => {
      const ignore = ['1.2.840.10008.5.1.4.1.1.2'];
      const begun = performance.now();
      const outcome = await receive(
        bench.ingest({
          groups: { ...bench.groups, ...hanging },
          aeTitle: () => Promise.resolve({ ...BENCH_AE_TITLE, ignore }),
        }),
        IMAGE,
      );

      expect(outcome).toEqual({ status: 0 });
      expect(performance.now() - begun).toBeLessThan(5000);
    },
  );
});

describe('a record of an instance that is stored', () => {
  const settings = { ...BENCH_AE_TITLE, uidMismatch: 'store' } as const;

  it.each<[string, Parameters<typeof receive>[2], number, number]>([
    ['another version', {}, 0, 1],
    ['another version and another UID', { context: { sopInstanceUid: '1.2.9' } }, 0xb007, 2],
  ])(
    'of %s keeps nobody waiting, since the quiet time counts from the touch, and is told when it fails',
    async (_what, change, status, records) => {
      const warnings: string[] = [];
      const silent = () => undefined;
      const receiver = bench.ingest({
        groups: { ...bench.groups, recordDecision: hang },
        aeTitle: () => Promise.resolve(settings),
        log: { info: silent, error: silent, warn: (message) => warnings.push(message) },
      });
      await receive(receiver, IMAGE);

      const outcome = await receive(receiver, { ...IMAGE, comment: 'changed' }, change);
      expect([outcome.status, warnings]).toEqual([status, []]);

      await receiver.flush();
      expect(warnings).toEqual(Array(records).fill('A decision could not be stored'));
    },
  );
});

describe('a disk', () => {
  it('that takes nothing makes 0xA700 for what does not fit into memory', async () => {
    const { outcome } = await answerOf({
      spoolDirectory: '/dev/null/spool',
      limits: { ...LIMITS, memoryPerInstanceBytes: 1000 },
    });

    expect(outcome).toEqual({
      status: 0xa700,
      errorComment: 'the spool has no room; try again later',
    });
    expect(bench.stored).toEqual([]);
  });
});
