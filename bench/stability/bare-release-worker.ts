/**
 * One of the threads that release groups with the calls of a release alone, as one process of a function would: has a
 * queue's messages, waits for each group's due time, and makes the calls, of ten groups at once.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { dueAt } from '../../core/contracts/due-time.ts';
import type { GroupItem, SessionItem } from '../../core/contracts/items.ts';
import { executionName, sessionId } from '../../core/contracts/keys.ts';
import { DEFAULT_PIPELINE } from '../../core/contracts/names.ts';
import { buildManifest } from '../../core/processors/manifest.ts';
import { limiter } from '../../core/running/concurrency.ts';
import { emulatedConnection } from '../../local/emulator.ts';
import { installedCloud } from './installed-cloud.ts';

const MESSAGES_AT_ONCE = 10;
const LONG_POLL_SECONDS = 5;
/** Groups that a thread releases at once, as an invocation does; without a bound the last one is later than need be. */
const RELEASES_AT_ONCE = 10;

export interface OpenGroup {
  readonly group: GroupItem;
  readonly studyInstanceUid: string;
  readonly patientId: string;
  readonly delaySeconds: number;
}

/** What a thread is told to do, by message id. */
export interface BareRound {
  readonly queueUrl: string;
  readonly groups: ReadonlyMap<string, OpenGroup>;
}

/** Told by the thread when it is ready, and of each group; what it is told is a round, or that the round is over. */
export type ToldByThread =
  | { readonly event: 'ready' }
  | { readonly event: 'failed'; readonly error: string }
  | { readonly event: 'released'; readonly lagMs: number; readonly messageLateMs: number };

const tell = (told: ToldByThread): void => parentPort?.postMessage(told);

const { port } = workerData as { port: number };
const cloud = await installedCloud(port);
const sqs = new SQSClient(emulatedConnection(port));

/** The calls of `releaseGroup` for a first generation with one pipeline; those that it makes at once, at once. */
const releaseDue = async ({ group, studyInstanceUid, patientId }: OpenGroup): Promise<number> => {
  const { groups, sessions, executions, sessionMachineArn } = cloud;
  const { id, keyId, aeTitle, priority } = group;
  const claimedAt = Date.now();
  await groups.claim(group, { claimedAt, sealAfter: claimedAt, closedBecause: 'quiet' });
  const [instances] = await Promise.all([groups.instances(keyId), groups.generations(keyId)]);
  await groups.sealManifest(buildManifest(group, instances, Date.now()));
  const session: SessionItem = {
    ...{ id: sessionId(id, DEFAULT_PIPELINE), groupId: id, aeTitle, priority },
    ...{ pipeline: DEFAULT_PIPELINE, pipelineName: DEFAULT_PIPELINE, state: 'PLANNING', run: 1 },
    ...{ createdAt: Date.now(), studies: [studyInstanceUid], instanceCount: 1 },
  };
  const begin = async (): Promise<void> => {
    await sessions.createSession(session);
    const input = { sessionId: session.id, run: 1 };
    await executions.start(sessionMachineArn, executionName(session.id, 1), input);
  };
  await Promise.all([
    begin(),
    groups.indexStudies(id, [studyInstanceUid]),
    groups.indexSubjects(id, { patientIds: [patientId], accessionNumbers: [] }),
  ]);
  const releasedAt = Date.now();
  await groups.release(group, {
    ...{ releasedAt, instanceCount: 1, closedBecause: 'quiet', sessions: [session.id] },
    ...{ firstReceivedAt: group.firstReceivedAt, lastReceivedAt: group.lastReceivedAt },
  });
  return releasedAt - dueAt(group);
};

const limit = limiter(RELEASES_AT_ONCE);

/** Looked at before it is due, as `checkGroup` does; who waits for the due time is in nobody's way. */
const release = async (open: OpenGroup): Promise<number> => {
  const { keyId, generation } = open.group;
  await cloud.groups.get(keyId, generation);
  await sleep(Math.max(0, dueAt(open.group) - Date.now()));
  return limit(() => releaseDue(open));
};

const failed = (error: unknown): void => {
  tell({ event: 'failed', error: String(error) });
};

const receive = async ({ queueUrl, groups }: BareRound, abortSignal: AbortSignal) => {
  while (!abortSignal.aborted) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: MESSAGES_AT_ONCE,
        WaitTimeSeconds: LONG_POLL_SECONDS,
        MessageSystemAttributeNames: ['SentTimestamp'],
      }),
      { abortSignal },
    );
    const now = Date.now();
    for (const { MessageId = '', Attributes } of Messages) {
      const open = groups.get(MessageId);
      if (open === undefined) throw new Error('a message of nobody');
      const messageLateMs = now - Number(Attributes?.SentTimestamp) - open.delaySeconds * 1000;
      release(open).then((lagMs) => {
        tell({ event: 'released', lagMs, messageLateMs });
      }, failed);
    }
  }
};

let over = new AbortController();
parentPort?.on('message', (round: BareRound | 'over') => {
  if (round === 'over') {
    over.abort();
    return;
  }
  over = new AbortController();
  const { signal } = over;
  receive(round, signal).catch((error: unknown) => {
    if (!signal.aborted) failed(error);
  });
});
tell({ event: 'ready' });
