/**
 * A runner from its start to its end: a fixed number of slots, filled from the queues of one worker while there
 * is work, and gone when there has been none for the linger time. It is counted by its lease item, which it
 * renews, removes before its last look at the queues, and puts back if that look finds work.
 */
import type { Logger } from '@aws-lambda-powertools/logger';
import { errorFacts } from '../core/contracts/message-body.ts';
import type { Clock, HeldMessage, MessageSource, Queues } from '../core/contracts/ports.ts';
import type { Isolation, Priority } from '../core/contracts/vocabulary.ts';
import type { Advance } from '../core/contracts/messages.ts';
import type { RunnerPool } from '../core/running/runner-pool.ts';
import type { Handled } from './job-handler.ts';
import { HOLD_SECONDS } from './message-hold.ts';
import { priorityPoller } from './priority-poller.ts';

/** Also how long the runner may take to end, for a wait is not broken off: its message would be lost for a while. */
const WAIT_SECONDS = 2;
const RENEW_EVERY_MS = 10_000;
/** Three renewals may fail before the runner is counted as dead. */
const LEASE_MS = 40_000;
const ERROR_PAUSE_MS = 1000;
/** After which somebody looks whether the jobs that were given back need a runner. */
const SUCCESSOR_DELAY_SECONDS = 10;

export interface RunnerOptions {
  readonly worker: string;
  readonly runnerId: string;
  readonly slots: number;
  readonly lingerMs: number;
  readonly queueUrls: Readonly<Partial<Record<Priority, string>>>;
  /** On Spot capacity: it is counted with its like. */
  readonly spot: boolean;
  /** Of the callbacks that it calls. */
  readonly isolation: Isolation;
  readonly advanceQueueUrl: string;
  readonly messages: MessageSource;
  readonly queues: Queues;
  readonly pool: RunnerPool;
  readonly handle: (message: HeldMessage, stopping: AbortSignal) => Promise<Handled>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export type RunnerEnd = 'idle' | 'stopped' | 'lease-lost';

/** Resolves when nothing runs any more and the lease item is gone. `stopping` gives all jobs back. */
export const runRunner = async (
  options: RunnerOptions,
  stopping: AbortSignal,
): Promise<RunnerEnd> => {
  const { worker, runnerId, slots, messages, pool, handle, clock, logger } = options;
  const running = new Set<Promise<void>>();
  let lastBusyAt = clock();
  let givenBack = 0;
  const lease = { lost: false };
  let slotFreed = Promise.withResolvers<undefined>();
  const stopped = new Promise<void>((resolve) => {
    if (stopping.aborted) resolve();
    stopping.addEventListener('abort', () => {
      resolve();
    });
  });

  const take = (message: HeldMessage): void => {
    const work = handle(message, stopping)
      .then(
        (handled) => {
          if (handled === 'given-back') givenBack += 1;
        },
        (error: unknown) => {
          logger.error('a message was not handled', { ...errorFacts(error) });
        },
      )
      .finally(() => {
        running.delete(work);
        lastBusyAt = clock();
        slotFreed.resolve(undefined);
        slotFreed = Promise.withResolvers();
      });
    running.add(work);
  };
  const isStopping = () => stopping.aborted || lease.lost;
  const poller = priorityPoller({
    messages,
    queueUrls: options.queueUrls,
    holdSeconds: HOLD_SECONDS,
    waitSeconds: WAIT_SECONDS,
    freeSlots: () => (isStopping() ? 0 : slots - running.size),
    take,
  });

  const lastingFacts = () => ({ leaseUntil: clock() + LEASE_MS, isolation: options.isolation });
  const putLease = () =>
    pool.addLease({
      ...{ worker, runnerId, ...lastingFacts() },
      ...(options.spot ? { spot: true } : {}),
    });
  const renewLease = async (): Promise<void> => {
    try {
      lease.lost = !(await pool.renewLease(worker, runnerId, lastingFacts()));
      if (lease.lost) logger.warn('the lease was taken away: no further jobs');
    } catch (error) {
      logger.warn('the lease was not renewed', { ...errorFacts(error) });
    }
  };
  // Whoever started the runner has put its lease; a runner started by hand puts its own.
  if (!(await pool.renewLease(worker, runnerId, lastingFacts()))) await putLease();
  let renewal: NodeJS.Timeout | undefined;
  const keepLease = () => {
    renewal = setInterval(() => void renewLease(), RENEW_EVERY_MS);
  };
  keepLease();

  const isIdle = () => running.size === 0 && clock() - lastBusyAt >= options.lingerMs;

  /** Works until there has been nothing to do for the linger time, or the runner is to stop. */
  const work = async (): Promise<void> => {
    while (!isStopping() && !isIdle()) {
      try {
        await Promise.race([
          stopped,
          ...(running.size < slots ? [poller.poll()] : [slotFreed.promise]),
        ]);
      } catch (error) {
        logger.error('the queues could not be asked', { ...errorFacts(error) });
        await Promise.race([stopped, pause(ERROR_PAUSE_MS)]);
      }
    }
  };

  try {
    let last = 0;
    do {
      await work();
      if (isStopping()) break;
      await poller.drain();
      if (running.size > 0) {
        last = running.size;
        continue;
      }
      clearInterval(renewal);
      await pool.removeLease(worker, runnerId);
      // Whoever queued a job while the lease was there counted on this runner.
      last = await poller.sweep();
      if (last > 0) {
        await putLease();
        keepLease();
      }
    } while (last > 0);
    await poller.drain();
    await Promise.all(running);
    if (stopping.aborted && givenBack > 0) {
      const message: Advance = { ensureRunner: { worker } };
      await options.queues.send(options.advanceQueueUrl, message, SUCCESSOR_DELAY_SECONDS);
    }
  } finally {
    clearInterval(renewal);
    await pool.removeLease(worker, runnerId);
  }
  return stopping.aborted ? 'stopped' : lease.lost ? 'lease-lost' : 'idle';
};

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });
