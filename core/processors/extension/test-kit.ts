/**
 * A place for testing a job processor: it gets instances, time passes when the test says so, and what it submitted
 * can be looked at. The rules by which it is called, retried and parked are those of a running Gantry.
 */
import { newAeTitle, type AeTitleItem } from '../../contracts/configuration.ts';
import type { DeliveryItem } from '../../contracts/deliveries.ts';
import type { DecisionRecord, InstanceItem } from '../../contracts/items.ts';
import { shortHash } from '../../contracts/keys.ts';
import type { Priority } from '../../contracts/vocabulary.ts';
import { keyOfInstance } from '../ae-title-key.ts';
import { admitByProcessor } from './collect.ts';
import { deliver, retryParked, sweepDeliveries, type DeliverDependencies } from './deliver.ts';
import type { JobProcessorClass, StoredInstance } from './job-processor-base.ts';
import { memoryDeliveries, memoryProcessorStates } from './memory-stores.ts';
import type { LogFacts } from './patientless-logger.ts';

export interface KitInstance {
  readonly study?: string;
  readonly series?: string;
  /** Unique; a new one if left out. */
  readonly sopInstance?: string;
  readonly patient?: string;
  readonly modality?: string;
  /** Further attributes by keyword. */
  readonly attributes?: Readonly<Record<string, unknown>>;
}

interface Submitted {
  readonly sessionId: string;
  readonly name: string;
  readonly pipelineId: string;
  readonly priority: Priority;
  readonly instances: readonly StoredInstance[];
}

export interface ProcessorKit {
  /** One entry for each session: what is submitted twice is there once. */
  readonly submissions: readonly Submitted[];
  readonly parked: readonly DeliveryItem[];
  readonly decisions: readonly DecisionRecord[];
  readonly removed: readonly StoredInstance[];
  readonly logged: readonly { readonly message: string; readonly facts: LogFacts }[];
  /** Milliseconds since the kit was made. */
  now(): number;
  /** Stores it as a listener does, and delivers what is due. */
  receive(...instances: readonly KitInstance[]): Promise<void>;
  /** Stores it as a listener does that dies before it told anybody. */
  receiveUntold(...instances: readonly KitInstance[]): Promise<void>;
  /** Lets so many seconds pass, with whatever is due in them: timers, retries, the sweep of each minute. */
  pass(seconds: number): Promise<void>;
  /** Delivers every instance that is stored once more, as a queue may. */
  deliverAgain(): Promise<void>;
  /** A person's retry of all that is parked. */
  retryParked(): Promise<void>;
}

export interface KitOptions {
  readonly aeTitle?: string;
  readonly groupBy?: readonly string[];
  /** As `gantry ae-title set … --set` gives them; checked by the class's schema. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

const SWEEP_MS = 60_000;

interface Sent {
  readonly at: number;
  readonly id: string;
}

/** `name` as in the list of the site's processors. */
export const processorKit = (
  name: string,
  processor: JobProcessorClass,
  options: KitOptions = {},
): ProcessorKit => {
  const aeTitle: AeTitleItem = {
    ...newAeTitle(options.aeTitle ?? 'KIT'),
    ...{ processor: name, processorSettings: { ...options.settings } },
    ...(options.groupBy === undefined ? {} : { groupBy: [...options.groupBy] }),
  };
  let now = 0;
  let count = 0;
  const clock = (): number => now;
  const deliveries = memoryDeliveries(clock);
  const submissions = new Map<string, Submitted>();
  const decisions: DecisionRecord[] = [];
  const logged: { message: string; facts: LogFacts }[] = [];
  let queue: Sent[] = [];
  const told: DeliveryItem[] = [];

  const write = (message: string, facts: LogFacts = {}): void => {
    logged.push({ message, facts });
  };
  const instances = (keyId: string): InstanceItem[] =>
    [...deliveries.stored.values()].filter((item) => item.keyId === keyId);
  const getInstance = (
    keyId: string,
    sopInstanceUid: string,
    sha256: string,
  ): Promise<InstanceItem | undefined> =>
    Promise.resolve(
      instances(keyId).find(
        (item) => item.sopInstanceUid === sopInstanceUid && item.sha256 === sha256,
      ),
    );
  const send = ({ deliveryId }: { deliveryId: string }, seconds: number): Promise<void> => {
    queue.push({ at: now + seconds * 1000, id: deliveryId });
    return Promise.resolve();
  };
  const deps: DeliverDependencies = {
    processors: { [name]: processor },
    deliveries,
    states: memoryProcessorStates(),
    groups: {
      instances: (keyId) => Promise.resolve(instances(keyId)),
      getInstance,
      recordDecision: (record) => {
        decisions.push(record);
        return Promise.resolve();
      },
    },
    handOver: deliveries.handOver,
    aeTitleSettings: () => Promise.resolve(aeTitle),
    submit: ({ name: submitted, pipelineId, priority, instances: chosen }) => {
      const keys = [...new Set(chosen.map(({ objectKey }) => objectKey))].sort();
      const sessionId = `s${shortHash(JSON.stringify([submitted, pipelineId, keys]), 20)}`;
      if (!submissions.has(sessionId)) {
        submissions.set(sessionId, {
          ...{ sessionId, name: submitted, pipelineId, priority },
          instances: [...new Map(chosen.map((item) => [item.objectKey, item])).values()],
        });
      }
      return Promise.resolve(sessionId);
    },
    send,
    clock,
    log: { info: write, warn: write, error: write },
    limit: (call) => call,
    randomId: () => String((count += 1)),
  };
  const admit = (tell: (id: string) => void) =>
    admitByProcessor({
      group: () => Promise.resolve({ outcome: 'known' }),
      groups: { getInstance },
      deliveries,
      cache: { touchSeries: () => Promise.resolve() },
      tell,
      clock,
    });

  const runDue = async (): Promise<void> => {
    for (;;) {
      const due = queue.filter(({ at }) => at <= now);
      if (due.length === 0) return;
      queue = queue.filter(({ at }) => at > now);
      for (const { id } of due) await deliver(deps, id);
    }
  };
  const store = async (instance: KitInstance, tell: (id: string) => void): Promise<void> => {
    count += 1;
    const study = instance.study ?? '1.2.3';
    const series = instance.series ?? `${study}.${instance.modality ?? 'CT'}`;
    const sopInstanceUid = instance.sopInstance ?? `${series}.${count}`;
    const attributes = {
      ...{ StudyInstanceUID: study, SeriesInstanceUID: series, SOPInstanceUID: sopInstanceUid },
      ...{ PatientID: instance.patient ?? 'P1', Modality: instance.modality ?? 'CT' },
      ...instance.attributes,
    };
    const values: Readonly<Record<string, unknown>> = attributes;
    const outcome = keyOfInstance(aeTitle, (keyword) => {
      const value = values[keyword];
      return typeof value === 'string' ? value : undefined;
    });
    if (!outcome.routed) return;
    const sha256 = shortHash(sopInstanceUid, 64);
    const item: InstanceItem = {
      ...{ aeTitle: aeTitle.aeTitle, keyId: outcome.key.keyId, sopInstanceUid, sha256 },
      ...{ sopClassUid: '1.2.840.10008.5.1.4.1.1.2', transferSyntaxUid: '1.2.840.10008.1.2.1' },
      ...{ studyInstanceUid: study, seriesInstanceUid: series, issuerOfPatientId: '' },
      ...{ patientId: instance.patient ?? 'P1', size: 1000, objectKey: `kit/${sopInstanceUid}` },
      ...{ callingAeTitle: 'MODALITY', remoteAddress: '127.0.0.1', associationId: 'a1' },
      ...{ receivedAt: now, attributes },
    };
    await admit(tell)(item, outcome.key, aeTitle);
    const [delivery] = [...deliveries.items.values()].slice(-1);
    if (delivery !== undefined) told.push(delivery);
  };
  const retry = async (id: string): Promise<void> => {
    await retryParked(deps, id);
  };

  return {
    get submissions() {
      return [...submissions.values()];
    },
    get parked() {
      return [...deliveries.items.values()].filter(({ state }) => state === 'PARKED');
    },
    get removed() {
      return [...deliveries.stored.values()].filter(
        ({ handedOverAt }) => handedOverAt !== undefined,
      );
    },
    decisions,
    logged,
    now: clock,
    receive: async (...received) => {
      for (const instance of received) {
        await store(instance, (id) => void send({ deliveryId: id }, 0));
        await runDue();
      }
    },
    receiveUntold: async (...received) => {
      for (const instance of received) await store(instance, () => undefined);
    },
    pass: async (seconds) => {
      const end = now + seconds * 1000;
      for (;;) {
        await runDue();
        const next = Math.min(
          ...queue.map(({ at }) => at),
          (Math.floor(now / SWEEP_MS) + 1) * SWEEP_MS,
        );
        if (next > end) break;
        now = next;
        if (now % SWEEP_MS === 0) await sweepDeliveries(deps);
      }
      now = end;
      await runDue();
    },
    deliverAgain: async () => {
      for (const delivery of told.filter(({ kind }) => kind === 'instance')) {
        deliveries.items.set(delivery.id, { ...delivery, dueAt: now });
        await send({ deliveryId: delivery.id }, 0);
      }
      await runDue();
    },
    retryParked: async () => {
      for (const { id, state } of [...deliveries.items.values()]) {
        if (state === 'PARKED') await retry(id);
      }
      await runDue();
    },
  };
};
