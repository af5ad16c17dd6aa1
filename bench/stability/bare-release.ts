/**
 * What the emulator adds to a release, measured beside it: the same calls in the same order for as many groups, which
 * are opened at the same pace and begin the same sessions, and nothing of Gantry between them. A delayed message for
 * each comes to this process, which waits for the due time and calls; no check, no function, no bound on how many at once.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { dueAt } from '../../core/contracts/due-time.ts';
import type { GroupItem, SessionItem } from '../../core/contracts/items.ts';
import { executionName, sessionId } from '../../core/contracts/keys.ts';
import { DEFAULT_PIPELINE } from '../../core/contracts/names.ts';
import { buildManifest } from '../../core/processors/manifest.ts';
import { openedGroup } from '../../core/processors/opened-group.ts';
import { checkDelaySeconds, TOUCH_INTERVAL_MS } from '../../core/processors/timing.ts';
import { emulatedConnection } from '../../local/emulator.ts';
import type { InstalledCloud } from './installed-cloud.ts';
import { AE_TITLE, instanceOf, newStudy, type Study } from './study-items.ts';

/** As many receivers as a queue's function has pollers, and as many messages as one call gives. */
const RECEIVERS = 5;
const MESSAGES_AT_ONCE = 10;
const LONG_POLL_SECONDS = 5;
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

interface OpenGroup {
  readonly study: Study;
  readonly group: GroupItem;
  readonly delaySeconds: number;
}

const open = async (
  { groups }: InstalledCloud,
  timeoutSeconds: number,
  send: (delaySeconds: number) => Promise<string>,
): Promise<[messageId: string, OpenGroup]> => {
  const study = newStudy();
  const now = Date.now();
  await groups.putInstance(instanceOf(study, now));
  const group = openedGroup({
    ...{ key: study.key, settings: { ...AE_TITLE, timeoutSeconds }, generation: 1, now },
    ...{ sender: { callingAeTitle: 'CT1', associationId: 'association-1' } },
    ...{ predecessor: undefined, instanceCount: 1 },
    promises: { bench: { until: now + TOUCH_INTERVAL_MS, turn: 1 } },
  });
  const delaySeconds = checkDelaySeconds(dueAt(group) - now);
  const messageId = await send(delaySeconds);
  await groups.open(group);
  return [messageId, { study, group, delaySeconds }];
};

/** The calls of `checkGroup` and `releaseGroup` for a group with one pipeline, one after another where theirs are. */
const release = async (cloud: InstalledCloud, { study, group }: OpenGroup): Promise<number> => {
  const { groups, sessions, executions, sessionMachineArn } = cloud;
  const { id, keyId, generation, aeTitle, priority } = group;
  const due = dueAt(group);
  await groups.get(keyId, generation);
  await sleep(Math.max(0, due - Date.now()));
  const claimedAt = Date.now();
  await groups.claim(group, { claimedAt, sealAfter: claimedAt, closedBecause: 'quiet' });
  const [, , instances] = await Promise.all([
    groups.manifest(id),
    groups.generations(keyId),
    groups.instances(keyId),
  ]);
  await groups.sealManifest(buildManifest(group, instances, Date.now()));
  const session: SessionItem = {
    ...{ id: sessionId(id, DEFAULT_PIPELINE), groupId: id, aeTitle, priority },
    ...{ pipeline: DEFAULT_PIPELINE, pipelineName: DEFAULT_PIPELINE, state: 'PLANNING', run: 1 },
    ...{ createdAt: Date.now(), studies: [study.uid], instanceCount: 1 },
  };
  const begin = async (): Promise<void> => {
    await sessions.createSession(session);
    const input = { sessionId: session.id, run: 1 };
    await executions.start(sessionMachineArn, executionName(session.id, 1), input);
  };
  await Promise.all([
    groups.indexStudies(id, [study.uid]),
    groups.indexSubjects(id, { patientIds: ['P1'], accessionNumbers: [] }),
    begin(),
  ]);
  const releasedAt = Date.now();
  await groups.release(group, {
    ...{ releasedAt, instanceCount: 1, closedBecause: 'quiet', sessions: [session.id] },
    ...{ firstReceivedAt: group.firstReceivedAt, lastReceivedAt: group.lastReceivedAt },
  });
  return releasedAt - due;
};

/** One group is opened after each of these times, which begin at 0. */
export const bareReleases = async (
  port: number,
  cloud: InstalledCloud,
  openedAfterMs: readonly number[],
): Promise<BareReleases> => {
  const sqs = new SQSClient(emulatedConnection(port));
  const { QueueUrl } = await sqs.send(
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
    const count = openedAfterMs.length;
    const timeoutSeconds = QUIET_SECONDS + Math.ceil(Math.max(...openedAfterMs) / 1000);
    const startedAt = Date.now();
    const opened = new Map(
      await Promise.all(
        openedAfterMs.map(async (afterMs) => {
          await sleep(afterMs);
          return open(cloud, timeoutSeconds, send);
        }),
      ),
    );
    const firstDue = startedAt + timeoutSeconds * 1000;
    if (Date.now() >= firstDue) throw new Error('the first group was due before all were open');

    const messagesLateMs: number[] = [];
    const releases: Promise<number>[] = [];
    const receive = async (): Promise<void> => {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({
          QueueUrl,
          MaxNumberOfMessages: MESSAGES_AT_ONCE,
          WaitTimeSeconds: LONG_POLL_SECONDS,
          MessageSystemAttributeNames: ['SentTimestamp'],
        }),
      );
      const now = Date.now();
      for (const { MessageId = '', Attributes } of Messages) {
        const group = opened.get(MessageId);
        if (group === undefined) throw new Error('a message of nobody');
        messagesLateMs.push(now - Number(Attributes?.SentTimestamp) - group.delaySeconds * 1000);
        releases.push(release(cloud, group));
      }
    };
    const deadline = Date.now() + LOST_AFTER_MS;
    const lane = async (): Promise<void> => {
      while (releases.length < count) {
        if (Date.now() > deadline) throw new Error('a delayed message did not come');
        await receive();
      }
    };
    await Promise.all(Array.from({ length: Math.min(RECEIVERS, count) }, lane));
    return { lagsMs: await Promise.all(releases), messagesLateMs };
  } finally {
    await sqs.send(new DeleteQueueCommand({ QueueUrl }));
    sqs.destroy();
  }
};
