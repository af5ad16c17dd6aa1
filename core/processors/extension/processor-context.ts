/** What a processor of one AE title can do, made of the platform's stores: its state, timers, submissions. */
import type { AeTitleItem } from '../../contracts/configuration.ts';
import type { DeliveryItem, DeliveryMessage } from '../../contracts/deliveries.ts';
import { timerDeliveryId } from '../../contracts/keys.ts';
import type { Clock } from '../../contracts/ports.ts';
import type { GroupStore } from '../group-store.ts';
import { delaySeconds } from './delay.ts';
import type { DeliveryStore, HandOver, ProcessorStates } from './delivery-store.ts';
import type { KeyStore, ProcessorContext, SessionId } from './job-processor-base.ts';
import type { PatientlessLogger } from './patientless-logger.ts';
import type { Submission } from './submission.ts';

export interface ProcessorServices {
  readonly deliveries: DeliveryStore;
  readonly states: ProcessorStates;
  readonly groups: Pick<GroupStore, 'instances'>;
  readonly handOver: HandOver;
  submit(submission: Submission): Promise<SessionId>;
  readonly send: (message: DeliveryMessage, delaySeconds: number) => Promise<void>;
  readonly clock: Clock;
}

const MAX_STATE_BYTES = 256 * 1024;
/** Writers of one key that meet: each round one of them comes through. */
const UPDATE_ATTEMPTS = 50;

/** What a processor keeps for one key is larger than an item may be. */
export class StateTooLarge extends Error {
  override readonly name = 'StateTooLarge';
  readonly bytes: number;

  constructor(bytes: number) {
    super(`what is kept for a key may have ${MAX_STATE_BYTES} bytes as JSON, not ${bytes}`);
    this.bytes = bytes;
  }
}

/** Too many wrote the same key at the same time. */
export class StateTooBusy extends Error {
  override readonly name = 'StateTooBusy';
  constructor() {
    super('the key was written by others at every attempt');
  }
}

const keyStore = (
  states: ProcessorStates,
  aeTitle: string,
  processor: string,
): KeyStore<unknown> => {
  const written = (state: unknown): string => {
    const json = JSON.stringify(state);
    const bytes = Buffer.byteLength(json);
    if (bytes > MAX_STATE_BYTES) throw new StateTooLarge(bytes);
    return json;
  };
  return {
    get: async (key) => {
      const stored = await states.get(aeTitle, processor, key);
      return stored && (JSON.parse(stored.json) as unknown);
    },
    update: async (key, change) => {
      for (let attempt = 0; attempt < UPDATE_ATTEMPTS; attempt += 1) {
        const stored = await states.get(aeTitle, processor, key);
        const state = change(stored && (JSON.parse(stored.json) as unknown));
        if (state === undefined) {
          if (stored === undefined) return undefined;
          if (await states.remove(aeTitle, processor, key, stored.version)) return undefined;
          continue;
        }
        const json = written(state);
        if (stored?.json === json) return state;
        if (await states.put(aeTitle, processor, key, json, stored?.version ?? 0)) return state;
      }
      throw new StateTooBusy();
    },
  };
};

const timers = (
  { deliveries, send, clock }: ProcessorServices,
  aeTitle: string,
  processor: string,
): Pick<ProcessorContext, 'setTimer' | 'clearTimer'> => ({
  setTimer: async (key, seconds) => {
    const id = timerDeliveryId(aeTitle, processor, key);
    const now = clock();
    const dueAt = now + Math.round(seconds * 1000);
    // A timer that is pending has a message under way, which finds it moved and follows it.
    if (await deliveries.moveTimer(id, dueAt)) return;
    const timer: DeliveryItem = {
      ...{ id, kind: 'timer', aeTitle, processor, state: 'PENDING' },
      ...{ createdAt: now, dueAt, attempts: 0, timerKey: key },
    };
    await deliveries.putTimer(timer);
    await send({ deliveryId: id }, delaySeconds(dueAt - now));
  },
  clearTimer: (key) => deliveries.removeTimer(timerDeliveryId(aeTitle, processor, key)),
});

/** `settings` of the processor are parsed. */
export const processorContext = (
  services: ProcessorServices,
  aeTitle: AeTitleItem,
  settings: unknown,
  log: PatientlessLogger,
): ProcessorContext => {
  const { states, groups, handOver, clock } = services;
  const { aeTitle: name, processor, groupBy } = aeTitle;
  return {
    aeTitle: name,
    settings,
    log,
    now: clock,
    store: keyStore(states, name, processor),
    instances: async (keyId) =>
      (await groups.instances(keyId))
        .filter((item) => item.aeTitle === name && item.handedOverAt === undefined)
        .toSorted((a, b) => a.receivedAt - b.receivedAt || (a.objectKey < b.objectKey ? -1 : 1)),
    submit: (submitted, pipelineId, priority, instances) =>
      services.submit({
        ...{ settings: aeTitle, groupBy, because: 'submitted', name: submitted },
        ...{ pipelineId, priority, instances },
      }),
    remove: (instances) => handOver.instances(instances, { reason: 'processor', by: processor }),
    ...timers(services, name, processor),
  };
};
