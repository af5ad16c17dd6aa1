/**
 * Takes messages of one worker's queues, in the order of core/running/priorities.ts. While there is work it asks
 * the queues one after the other without waiting; when all are empty it waits on all of them at once. A message
 * that such a wait brings after the last free slot has gone is given back at once, for a runner that is free.
 */
import type { HeldMessage, MessageSource } from '../core/contracts/ports.ts';
import type { Priority } from '../core/contracts/vocabulary.ts';
import { orderForTake, takesOfOneOrder } from '../core/running/priorities.ts';

const MAX_PER_REQUEST = 10;

export interface PriorityPoller {
  /**
   * Takes what there is, then returns: at once if there was something, or after the first of the waits that
   * are under way has brought something or ended.
   */
  poll(): Promise<void>;
  /** One round of questions without waiting; how many messages were taken. */
  sweep(): Promise<number>;
  /** Until no wait is under way: what one still brings is taken, or given back without a free slot. */
  drain(): Promise<void>;
}

export const priorityPoller = (options: {
  messages: MessageSource;
  /** Of the priorities whose jobs the runner takes. */
  queueUrls: Readonly<Partial<Record<Priority, string>>>;
  holdSeconds: number;
  waitSeconds: number;
  freeSlots: () => number;
  /** Occupies a slot before it returns. */
  take: (message: HeldMessage) => void;
}): PriorityPoller => {
  const { messages, queueUrls, holdSeconds, waitSeconds, freeSlots, take } = options;
  const waits = new Map<string, Promise<void>>();
  // A wait covers its queue from its start on; only messages of the time before it need to be asked for.
  let sweepNeeded = true;
  let takes = 0;

  const takeOrGiveBack = async (message: HeldMessage): Promise<void> => {
    if (freeSlots() > 0) {
      take(message);
      sweepNeeded = true;
    } else {
      await messages.hold(message, 0);
    }
  };

  const wait = (queueUrl: string): Promise<void> => {
    const known = waits.get(queueUrl);
    if (known !== undefined) return known;
    const waiting = messages
      .receive(queueUrl, { max: 1, waitSeconds, holdSeconds })
      .then((received) => Promise.all(received.map(takeOrGiveBack)))
      .then(() => undefined)
      .finally(() => waits.delete(queueUrl));
    waits.set(queueUrl, waiting);
    return waiting;
  };

  /** Asks the queues in the order of the next take until one has something; how many messages were taken. */
  const takeNext = async (): Promise<number> => {
    for (const priority of orderForTake(takes + 1)) {
      const queueUrl = queueUrls[priority];
      if (queueUrl === undefined) continue;
      const max = Math.min(freeSlots(), MAX_PER_REQUEST, takesOfOneOrder(takes + 1));
      if (max === 0) return 0;
      // A lower queue is asked only when this one seems empty.
      const batch = await messages.receive(queueUrl, { max, waitSeconds: 0, holdSeconds });
      for (const message of batch) await takeOrGiveBack(message);
      takes += batch.length;
      if (batch.length > 0) return batch.length;
    }
    return 0;
  };

  const sweep = async (): Promise<number> => {
    let sum = 0;
    for (let taken = -1; taken !== 0; sum += taken) taken = await takeNext();
    return sum;
  };

  return {
    sweep,
    poll: async () => {
      if (sweepNeeded) {
        sweepNeeded = false;
        if ((await sweep()) > 0) {
          sweepNeeded = true;
          return;
        }
      }
      await Promise.race(Object.values(queueUrls).map(wait));
    },
    drain: async () => {
      await Promise.allSettled(waits.values());
    },
  };
};
