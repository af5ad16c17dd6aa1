/**
 * One attempt at a delivery: calls the processor, and keeps book. At least once; an attempt that fails is
 * repeated with growing delays; what fails to the end is parked with its reason, where a person sees it.
 */
import type { AeTitleItem } from '../../contracts/configuration.ts';
import type { DeliveryItem } from '../../contracts/deliveries.ts';
import type { DecisionRecord, InstanceItem } from '../../contracts/items.ts';
import { isGroupKeyId } from '../../contracts/keys.ts';
import type { Clock } from '../../contracts/ports.ts';
import type { GroupStore } from '../group-store.ts';
import { delaySeconds } from './delay.ts';
import type { DeliveryStore } from './delivery-store.ts';
import type { JobProcessorBase, JobProcessors } from './job-processor-base.ts';
import { patientlessLogger, type PatientlessLogger } from './patientless-logger.ts';
import { processorContext, type ProcessorServices } from './processor-context.ts';
import { SubmissionRefused } from './submission.ts';

/** Between one attempt and the next; after as many as there are and one more, it is parked. */
export const RETRY_DELAYS_SECONDS = [1, 5, 20, 60] as const;
const MAX_ATTEMPTS = RETRY_DELAYS_SECONDS.length + 1;

/** What a call of a processor may take. */
const CALL_LIMIT_MS = 60_000;
/** Longer than a call may take: who finds an attempt that is older has lost whoever began it. */
const TAKEN_MS = 90_000;

export interface DeliverDependencies extends ProcessorServices {
  readonly processors: JobProcessors;
  readonly deliveries: DeliveryStore;
  readonly groups: Pick<GroupStore, 'instances' | 'getInstance' | 'recordDecision'>;
  aeTitleSettings(aeTitle: string): Promise<AeTitleItem | undefined>;
  readonly clock: Clock;
  readonly log: PatientlessLogger;
  /** Rejects when the call takes longer. */
  limit<T>(call: Promise<T>, limitMs: number): Promise<T>;
  randomId(): string;
}

/** It cannot succeed before somebody changes the configuration, which a retry by hand comes after. */
class NotDeliverable extends Error {
  override readonly name = 'NotDeliverable';
}

type Failure = NonNullable<DeliveryItem['error']>;

const failureOf = (error: unknown): Failure =>
  error instanceof Error
    ? { type: error.name, message: error.message.slice(0, 2000) }
    : { type: 'Error', message: String(error).slice(0, 2000) };

/** A timer is of a study if its key is that of the AE title's `groupBy`, as mostly; it names the first then. */
const studyOf = async (
  { groups }: DeliverDependencies,
  { instance, timerKey = '' }: DeliveryItem,
): Promise<string | undefined> => {
  if (instance !== undefined) return instance.studyInstanceUid;
  if (!isGroupKeyId(timerKey)) return undefined;
  return (await groups.instances(timerKey))[0]?.studyInstanceUid;
};

const parkedRecord = (
  deps: Pick<DeliverDependencies, 'clock' | 'randomId'>,
  { id, kind, aeTitle, processor, attempts }: DeliveryItem,
  { type, message }: Failure,
  studyInstanceUid: string | undefined,
): DecisionRecord => ({
  id: deps.randomId(),
  at: deps.clock(),
  code: 'processor-failed',
  message:
    `the processor ${processor} failed ${attempts} times with ${kind === 'timer' ? 'a timer' : 'an instance'} ` +
    `(${type}: ${message}); when it is mended: gantry delivery retry ${id}`,
  aeTitle,
  ...(studyInstanceUid === undefined ? {} : { studyInstanceUid }),
});

const instanceOf = async (
  { groups }: DeliverDependencies,
  { instance }: DeliveryItem,
): Promise<InstanceItem | undefined> =>
  instance && groups.getInstance(instance.keyId, instance.sopInstanceUid, instance.sha256);

const processorOf = async (
  deps: DeliverDependencies,
  { aeTitle, processor }: DeliveryItem,
  instance: InstanceItem | undefined,
): Promise<JobProcessorBase> => {
  const settings = await deps.aeTitleSettings(aeTitle);
  if (settings?.processor !== processor) {
    throw new NotDeliverable(`the AE title ${aeTitle} does not have the processor ${processor}`);
  }
  const found = Object.hasOwn(deps.processors, processor) ? deps.processors[processor] : undefined;
  if (found === undefined) {
    throw new NotDeliverable(`the processor ${processor} is not deployed`);
  }
  const parsed = found.settings.safeParse(settings.processorSettings ?? {});
  if (!parsed.success) {
    throw new NotDeliverable(`the settings of ${aeTitle} are not those of ${processor} any more`);
  }
  const log = patientlessLogger(deps.log, instance);
  return new found(processorContext(deps, settings, parsed.data, log));
};

const isKept = ({ handedOverAt, doomedAt }: InstanceItem): boolean =>
  handedOverAt === undefined && doomedAt === undefined;

const call = async (deps: DeliverDependencies, delivery: DeliveryItem): Promise<void> => {
  const instance = await instanceOf(deps, delivery);
  const processor = await processorOf(deps, delivery, instance);
  if (delivery.kind === 'timer') {
    await deps.limit(processor.handleTimer(delivery.timerKey ?? ''), CALL_LIMIT_MS);
    // Handed over in the meantime: nobody looks at it any more.
  } else if (instance !== undefined && isKept(instance)) {
    await deps.limit(processor.handleInstance(instance), CALL_LIMIT_MS);
  }
};

const park = async (
  deps: DeliverDependencies,
  delivery: DeliveryItem,
  failure: Failure,
): Promise<void> => {
  // The record first: a parked delivery without one would be explained to nobody.
  const study = await studyOf(deps, delivery);
  await deps.groups.recordDecision(parkedRecord(deps, delivery, failure, study));
  await deps.deliveries.park(delivery, deps.clock(), failure);
  const { id: deliveryId, processor, kind, attempts } = delivery;
  deps.log.error('A delivery is parked', { deliveryId, processor, kind, attempts });
};

const failed = async (
  deps: DeliverDependencies,
  delivery: DeliveryItem,
  error: unknown,
): Promise<'parked' | 'postponed'> => {
  const failure = failureOf(error);
  const seconds = RETRY_DELAYS_SECONDS[delivery.attempts - 1];
  // No repetition makes these better before a person has changed something.
  const hopeless = error instanceof NotDeliverable || error instanceof SubmissionRefused;
  if (seconds === undefined || hopeless) {
    await park(deps, delivery, failure);
    return 'parked';
  }
  const { id: deliveryId, processor, attempts } = delivery;
  deps.log.warn('A processor failed', { deliveryId, processor, attempts, error: failure.type });
  await deps.deliveries.postpone(delivery, deps.clock() + seconds * 1000, failure);
  await deps.send({ deliveryId }, seconds);
  return 'postponed';
};

export type DeliveryOutcome = 'nothing' | 'early' | 'taken' | 'done' | 'postponed' | 'parked';

/** May be called for any id at any time, several times at once. */
export const deliver = async (deps: DeliverDependencies, id: string): Promise<DeliveryOutcome> => {
  const { deliveries, clock } = deps;
  const found = await deliveries.get(id);
  if (found?.state !== 'PENDING') return 'nothing';
  const now = clock();
  if (found.dueAt > now) {
    await deps.send({ deliveryId: id }, delaySeconds(found.dueAt - now));
    return 'early';
  }
  const delivery = await deliveries.take(found, now, now + TAKEN_MS);
  if (delivery === undefined) return 'taken';
  if (delivery.attempts > MAX_ATTEMPTS) {
    await park(deps, delivery, {
      type: 'NoAnswer',
      message: 'its process ended, or was ended, before it answered',
    });
    return 'parked';
  }
  try {
    await call(deps, delivery);
  } catch (error) {
    return failed(deps, delivery, error);
  }
  if (!(await deliveries.remove(delivery))) {
    // A timer that was set anew while it was handled: its message was the one that brought us here.
    const again = await deliveries.get(id);
    if (again !== undefined) {
      await deps.send({ deliveryId: id }, delaySeconds(again.dueAt - clock()));
    }
  }
  return 'done';
};

/** A message this late was lost. */
const OVERDUE_MS = 15_000;
/** Whoever was told of by one sweep is left alone for so long. */
const SWEPT_MS = 5 * 60_000;
const MAX_SWEPT = 500;

/** Sends again what nobody has delivered: the listener died before its message, or a processor's process ended. */
export const sweepDeliveries = async (
  deps: Pick<DeliverDependencies, 'deliveries' | 'send' | 'clock'>,
): Promise<{ readonly deliveries: number }> => {
  const now = deps.clock();
  const found = await deps.deliveries.pendingBefore(now - OVERDUE_MS, MAX_SWEPT);
  for (const delivery of found) {
    await deps.send({ deliveryId: delivery.id }, 0);
    await deps.deliveries.markSwept(delivery, now + SWEPT_MS);
  }
  return { deliveries: found.length };
};

/** A person says that the reason is mended. False when it is not parked. */
export const retryParked = async (
  deps: Pick<DeliverDependencies, 'deliveries' | 'send' | 'clock'>,
  id: string,
): Promise<boolean> => {
  if (!(await deps.deliveries.unpark(id, deps.clock()))) return false;
  await deps.send({ deliveryId: id }, 0);
  return true;
};
