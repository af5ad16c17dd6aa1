/**
 * What the emulator adds to a release, measured beside it: the same calls in the same order for as many groups, which
 * are opened at the same pace and begin the same sessions, and nothing of Gantry between them. A delayed message for
 * each comes to one of as many threads as the check's function has processes; no event source, no function, no check.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { dueAt } from '../../core/contracts/due-time.ts';
import { openedGroup } from '../../core/processors/opened-group.ts';
import { checkDelaySeconds, TOUCH_INTERVAL_MS } from '../../core/processors/timing.ts';
import { emulatedConnection } from '../../local/emulator.ts';
import type { BareRound, OpenGroup, ToldByThread } from './bare-release-worker.ts';
import type { InstalledCloud } from './installed-cloud.ts';
import { AE_TITLE, instanceOf, newStudy } from './study-items.ts';

/** As many as invocations of the check's function in the embedded cloud: infra/stacks/orchestration-stack.ts. */
const THREADS = 5;
/** Longer than a round: nothing comes twice, so nothing needs to be deleted. */
const VISIBILITY_SECONDS = 3600;
const LOST_AFTER_MS = 120_000;
/** From when the last group is open until the first is due, at least. */
const QUIET_SECONDS = 5;

export interface BareReleases {
  readonly lagsMs: readonly number[];
  /** From when a message's delay is over, by the emulator's own time of sending, until it is here. */
  readonly messagesLateMs: readonly number[];
}

export interface BareReleaser {
  /** One group is opened after each of these times, which begin at 0; throws if one is not released. */
  releases(openedAfterMs: readonly number[]): Promise<BareReleases>;
  close(): Promise<void>;
}

/** Sends its message first, as a listener does. */
const open = async (
  { groups }: InstalledCloud,
  timeoutSeconds: number,
  send: (delaySeconds: number) => Promise<string>,
): Promise<[messageId: string, OpenGroup]> => {
  const study = newStudy();
  const now = Date.now();
  const instance = instanceOf(study, now);
  await groups.putInstance(instance);
  const group = openedGroup({
    ...{ key: study.key, settings: { ...AE_TITLE, timeoutSeconds }, generation: 1, now },
    ...{ sender: instance, predecessor: undefined, instanceCount: 1 },
    promises: { bench: { until: now + TOUCH_INTERVAL_MS, turn: 1 } },
  });
  const delaySeconds = checkDelaySeconds(dueAt(group) - now);
  const messageId = await send(delaySeconds);
  await groups.open(group);
  const { patientId } = instance;
  return [messageId, { group, studyInstanceUid: study.uid, patientId, delaySeconds }];
};

/** The threads do a round together, until all groups are released. */
const released = async (threads: readonly Worker[], round: BareRound): Promise<BareReleases> => {
  const lagsMs: number[] = [];
  const messagesLateMs: number[] = [];
  let onTold: (told: ToldByThread) => void = () => undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      const lost = setTimeout(() => {
        reject(new Error('a group of the control was not released'));
      }, LOST_AFTER_MS);
      onTold = (told) => {
        if (told.event === 'failed') reject(new Error(told.error));
        if (told.event !== 'released') return;
        lagsMs.push(told.lagMs);
        messagesLateMs.push(told.messageLateMs);
        if (lagsMs.length < round.groups.size) return;
        clearTimeout(lost);
        resolve();
      };
      for (const thread of threads) thread.on('message', onTold).postMessage(round);
    });
    return { lagsMs, messagesLateMs };
  } finally {
    for (const thread of threads) thread.off('message', onTold).postMessage('over');
  }
};

/** Its threads stay for all rounds, as the processes of functions do. */
export const openBareReleaser = async (
  port: number,
  cloud: InstalledCloud,
): Promise<BareReleaser> => {
  const sqs = new SQSClient(emulatedConnection(port));
  const threads = Array.from(
    { length: THREADS },
    () => new Worker(new URL('bare-release-worker.ts', import.meta.url), { workerData: { port } }),
  );
  await Promise.all(threads.map((thread) => once(thread, 'message')));
  return {
    releases: async (openedAfterMs) => {
      const { QueueUrl = '' } = await sqs.send(
        new CreateQueueCommand({
          QueueName: `bench-${randomUUID()}`,
          Attributes: { VisibilityTimeout: String(VISIBILITY_SECONDS) },
        }),
      );
      const send = async (DelaySeconds: number): Promise<string> => {
        const { MessageId = '' } = await sqs.send(
          new SendMessageCommand({ QueueUrl, MessageBody: '{}', DelaySeconds }),
        );
        return MessageId;
      };
      try {
        const timeoutSeconds = QUIET_SECONDS + Math.ceil(Math.max(...openedAfterMs) / 1000);
        const firstDue = Date.now() + timeoutSeconds * 1000;
        const groups = new Map(
          await Promise.all(
            openedAfterMs.map(async (afterMs) => {
              await sleep(afterMs);
              return open(cloud, timeoutSeconds, send);
            }),
          ),
        );
        if (Date.now() >= firstDue) throw new Error('the first group was due before all were open');
        return await released(threads, { queueUrl: QueueUrl, groups });
      } finally {
        await sqs.send(new DeleteQueueCommand({ QueueUrl }));
      }
    },
    close: async () => {
      await Promise.all(threads.map((thread) => thread.terminate()));
      sqs.destroy();
    },
  };
};
