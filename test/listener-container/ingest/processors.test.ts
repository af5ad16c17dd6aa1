/** An AE title whose processor a site wrote: acknowledged when it is stored, whatever the processor does. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { BENCH_AE_TITLE, openIngestBench, type IngestBench } from '../../support/ingest-bench.ts';
import { receive } from '../../support/received-instances.ts';

let bench: IngestBench;
beforeEach(async () => {
  bench = await openIngestBench();
});
afterEach(() => bench.close());

const aeTitle = () => Promise.resolve({ ...BENCH_AE_TITLE, processor: 'pair-of-modalities' });
const IMAGE = { sopInstanceUid: '1.2.3.4.5' };

it('is told of an instance once its item and its delivery are there, and no group is opened', async () => {
  const told: string[] = [];
  const sendDelivery = ({ deliveryId }: { deliveryId: string }) => {
    told.push(deliveryId);
    return Promise.resolve();
  };

  const outcome = await receive(bench.ingest({ aeTitle, sendDelivery }), IMAGE);
  const again = await receive(bench.ingest({ aeTitle, sendDelivery }), IMAGE);

  expect([outcome, again]).toEqual([{ status: 0 }, { status: 0 }]);
  expect(told).toEqual([...bench.deliveries.items.keys()]);
  expect([...bench.deliveries.items.values()]).toMatchObject([
    { state: 'PENDING', processor: 'pair-of-modalities', instance: IMAGE },
  ]);
  expect(JSON.stringify(told)).not.toContain(IMAGE.sopInstanceUid);
  expect(bench.groups.groupItems.size).toBe(0);
});

it.each([
  ['fails', () => Promise.reject(new Error('no queue'))],
  ['never answers', () => new Promise<void>(() => undefined)],
])('is acknowledged though the queue %s', async (_, sendDelivery) => {
  const outcome = await receive(bench.ingest({ aeTitle, sendDelivery }), IMAGE);

  expect(outcome).toEqual({ status: 0 });
  expect(bench.deliveries.items.size).toBe(1);
});

it('is not acknowledged when its delivery cannot be stored', async () => {
  const receiver = bench.ingest({
    aeTitle,
    deliveries: { putInstance: () => Promise.reject(new Error('throttled')) },
    limits: { deadlineMs: 50, attemptMs: 20 },
  });

  expect((await receive(receiver, IMAGE)).status).toBe(0xa700);
});
