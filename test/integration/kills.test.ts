/** Between its last image and its release a group outlives `kill -9` of the listener and of functions, and lost messages. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  PurgeQueueCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { resourceNames } from '../../core/contracts/names.ts';
import { emulatedConnection } from '../../local/emulator.ts';
import { RunningGantry, time } from '../support/gantry.ts';
import { killFunctions, killListener } from '../support/processes-of.ts';
import { echoscu, sent, storescu } from '../support/senders.ts';
import { makeVolume, type Study } from '../support/studies.ts';
import { until } from '../support/until.ts';

const gantry = new RunningGantry(inject('gantry'));
const { dataDirectory, dimsePort, awsPort } = gantry.address;
const to = { port: dimsePort, calledAeTitle: 'KILLED' };
const QUIET_SECONDS = 10;
const names = resourceNames('gantry');

/** The sweep comes every minute, and finds what is overdue by some seconds. */
const SWEPT_MS = 180_000;

const send = async (...files: string[]): Promise<void> => {
  await sent(storescu(to, files));
};

/** The one session of the one generation of the study, and for how long its group had been quiet. */
const release = async ({ studyInstanceUid }: Study) => {
  const session = await gantry.endedSession(studyInstanceUid, SWEPT_MS);
  const groups = (await gantry.groups('KILLED')).filter(({ key }) => key === studyInstanceUid);
  const [group] = groups;
  if (group === undefined) throw new Error('the group is not there');
  return {
    state: session.state,
    instances: session.instanceCount,
    generations: groups.length,
    quietMs: time(group.releasedAt) - time(group.lastReceivedAt),
  };
};

const ONCE = { state: 'SUCCEEDED', generations: 1 };

beforeAll(async () => {
  await gantry.done('service', 'install', './test/fixtures/services/chain', '--force');
  await gantry.aeTitle('KILLED', ['chain'], '--timeout', String(QUIET_SECONDS));
});

describe('a group between its last image and its release', () => {
  it('outlives a kill of the listener, which comes back by itself', async () => {
    const [finished, unfinished] = await Promise.all([makeVolume(2), makeVolume(3)]);
    const [first = '', ...rest] = unfinished.files;

    await send(...finished.files, first);
    const killed = killListener(dataDirectory);
    await until('the listener', 30_000, async () =>
      (await echoscu(to)).code === 0 ? true : undefined,
    );
    await send(...rest);

    expect(killed).toBe(1);
    expect(await release(finished)).toMatchObject({ ...ONCE, instances: 2 });
    expect(await release(unfinished)).toMatchObject({ ...ONCE, instances: 3 });
  });

  it('outlives the kill of every function that looks at it', async () => {
    const study = await makeVolume(2);
    let checks = 0;

    await send(...study.files);
    const sentAt = Date.now();
    // To well beyond the due time: each check dies while it waits, or while it claims.
    while (Date.now() < sentAt + (QUIET_SECONDS + 2) * 1000) {
      checks += killFunctions(dataDirectory, names.function('stability-check'));
      killFunctions(dataDirectory);
      await sleep(100);
    }
    const released = await release(study);

    expect(checks).toBeGreaterThan(0);
    expect(released).toMatchObject({ ...ONCE, instances: 2 });
  });

  it('is found by the sweep when its check is lost', async () => {
    const study = await makeVolume(2);
    const sqs = new SQSClient(emulatedConnection(awsPort));
    const { QueueUrl } = await sqs.send(
      new GetQueueUrlCommand({ QueueName: names.stabilityChecksQueue }),
    );
    const delayed = async (): Promise<string | undefined> => {
      const AttributeNames = ['ApproximateNumberOfMessagesDelayed' as const];
      const answer = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }));
      return answer.Attributes?.['ApproximateNumberOfMessagesDelayed'];
    };

    await send(...study.files);
    const before = await delayed();
    await sqs.send(new PurgeQueueCommand({ QueueUrl }));
    const after = await delayed();
    const { quietMs, ...released } = await release(study);

    // Those of other tests' groups may be among them.
    expect(Number(before)).toBeGreaterThanOrEqual(1);
    expect(after).toBe('0');
    expect(released).toMatchObject({ ...ONCE, instances: 2 });
    // Later than any check would have released it.
    expect(quietMs).toBeGreaterThan((QUIET_SECONDS + 2) * 1000);
  });
});
