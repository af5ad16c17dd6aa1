/**
 * Takes messages of one worker's queues, the highest priority first. While there is work it asks the queues one
 * after the other without waiting; when all are empty it waits on all of them at once. A message that such a wait
 * brings after the last free slot has gone is given back at once, for a runner that is free.
 */
import type { HeldMessage, MessageSource } from '../core/contracts/ports.ts';

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
  /** Highest priority first. */
  queueUrls: readonly string[];
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

  const sweep = async (): Promise<number> => {
    let taken = 0;
    for (const queueUrl of queueUrls) {
      let received: number;
      do {
        const max = Math.min(freeSlots(), MAX_PER_REQUEST);
        if (max === 0) return taken;
        const batch = await messages.receive(queueUrl, { max, waitSeconds: 0, holdSeconds });
        for (const message of batch) await takeOrGiveBack(message);
        received = batch.length;
        taken += received;
        // A lower queue is asked only when this one seems empty.
      } while (received > 0);
    }
    return taken;
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
      await Promise.race(queueUrls.map(wait));
    },
    drain: async () => {
      await Promise.allSettled(waits.values());
    },
  };
};
