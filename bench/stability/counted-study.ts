/**
 * One study on its way into a group and until its release, by the listener's and the function's own code, on a clock
 * that stands but for what the study and the waiting take: what it calls is counted, how long calls take is not measured.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { tableGroups } from '../../aws/groups.ts';
import { dynamoTable } from '../../aws/table.ts';
import type { StabilityCheck } from '../../core/contracts/messages.ts';
import { createAdmission } from '../../core/processors/admission.ts';
import { createGroupToucher } from '../../core/processors/group-toucher.ts';
import { checkGroup } from '../../core/processors/stability.ts';
import type { Emulator } from '../../test/support/emulator.ts';
import { countingTable, type TableUses } from './counting-table.ts';
import { AE_TITLE, instanceOf, newStudy } from './study-items.ts';

export interface CountedStudy {
  readonly table: TableUses;
  /** Checks; each is sent, received and deleted. */
  readonly messages: number;
  /** Of the function, waiting in it; one for each message. */
  readonly waitedMs: number;
  readonly objectPuts: number;
}

/** `name` must be another one for each study of an emulator. Throws if it is not released with all its instances. */
export const countStudy = async (
  emulator: Emulator,
  name: string,
  { instances, seconds }: { readonly instances: number; readonly seconds: number },
): Promise<CountedStudy> => {
  await emulator.createTable(name);
  const { objects } = await emulator.createBucket(name);
  const { uses, client } = countingTable(
    DynamoDBDocumentClient.from(new DynamoDBClient(emulator.connection), {
      marshallOptions: { removeUndefinedValues: true },
    }),
  );
  let objectPuts = 0;
  const groups = tableGroups(dynamoTable(client, name), {
    ...objects,
    putJsonIfAbsent: (key, value) => {
      objectPuts += 1;
      return objects.putJsonIfAbsent(key, value);
    },
  });

  const study = newStudy();
  const start = Date.now();
  const arrivals = Array.from(
    { length: instances },
    (_, index) => start + Math.round((index * seconds * 1000) / instances),
  );
  let now = start;
  let messages = 0;
  let waitedMs = 0;
  let released = false;
  const waiting: { readonly at: number; readonly check: StabilityCheck }[] = [];
  const sendCheck = (check: StabilityCheck, delaySeconds: number): Promise<void> => {
    messages += 1;
    waiting.push({ at: now + delaySeconds * 1000, check });
    waiting.sort((a, b) => a.at - b.at);
    return Promise.resolve();
  };
  /** What the listener has set a timer for; it may send a check that comes before others. */
  const timers: { readonly at: number; readonly work: () => Promise<void> }[] = [];
  const clock = (): number => now;
  const { admit } = createAdmission({
    groups,
    toucher: createGroupToucher({
      ...{ groups, clock, sendCheck, limit: (call) => call },
      onCheckNotSent: (_id, error) => {
        throw error;
      },
      later: (delayMs, work) => {
        timers.push({ at: now + delayMs, work });
        timers.sort((a, b) => a.at - b.at);
      },
    }),
  });
  const passUntil = async (time: number): Promise<void> => {
    for (;;) {
      const [arrival = Infinity] = arrivals;
      const at = Math.min(arrival, timers[0]?.at ?? Infinity);
      if (at > time) break;
      now = Math.max(now, at);
      if (at === arrival) {
        arrivals.shift();
        await admit(instanceOf(study, now), study.key, AE_TITLE);
      } else {
        await timers.shift()?.work();
      }
    }
    now = Math.max(now, time);
  };

  // The first one opens the group, and asks for its check.
  await passUntil(start);
  while (waiting.length + timers.length > 0) {
    await passUntil(Math.min(waiting[0]?.at ?? Infinity, timers[0]?.at ?? Infinity));
    if ((waiting[0]?.at ?? Infinity) > now) continue;
    const message = waiting.shift();
    if (message === undefined) continue;
    const outcome = await checkGroup(
      {
        ...{ groups, clock, sendCheck, sessionMachineArn: 'machine' },
        sleep: (milliseconds) => {
          waitedMs += milliseconds;
          return passUntil(now + milliseconds);
        },
        // What is begun with a released group is no part of knowing when it is complete.
        sessions: {
          createSession: () => Promise.resolve(true),
          getSession: () => Promise.resolve(undefined),
        },
        executions: { start: () => Promise.resolve('started') },
      },
      message.check,
    );
    released ||= outcome === 'released';
  }
  const group = await groups.newest(study.key.keyId);
  if (!released || group?.instanceCount !== instances) {
    throw new Error('the study was not released with all its instances');
  }
  return { table: uses, messages, waitedMs, objectPuts };
};
