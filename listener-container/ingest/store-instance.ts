/**
 * What happens to an instance of which all bytes are there: identified, checked against its AE title's policies,
 * stored, grouped. What is not as it should be comes out as a decision beside the answer.
 */
import type { AeTitleItem } from '../../core/contracts/configuration.ts';
import type { InstanceItem } from '../../core/contracts/items.ts';
import { objectKeys } from '../../core/contracts/object-keys.ts';
import type { Clock, ObjectStore, StoredInstances } from '../../core/contracts/ports.ts';
import type { InstanceHeader } from '../../core/dicom/header.ts';
import { part10Head } from '../../core/dicom/part10.ts';
import { InstanceKeyTaken, type AdmitInstance } from '../../core/processors/admission.ts';
import { keyOfInstance, type KeyOutcome } from '../../core/processors/ae-title-key.ts';
import type { GroupStore } from '../../core/processors/group-store.ts';
import { instanceObjectKey } from '../../core/processors/instance-object.ts';
import { ignoredBecause } from '../../core/processors/sop-class-filter.ts';
import type { Decision } from '../admission/admission-policy.ts';
import { errorName, type ListenerLog } from '../listener-log.ts';
import type { ListenerObserver } from '../observation/observer.ts';
import type { ReceptionContext, StoreOutcome } from '../services/instance-receiver.ts';
import { untilDeadline } from './deadline.ts';
import { identityOf, type Identity, type SopReference } from './identity.ts';
import type { IgnoredInstances } from './ignored-instances.ts';
import {
  conflictKept,
  duplicateRefused,
  mismatchRefused,
  mismatchStored,
  notStored,
  unreadableRefused,
} from './instance-messages.ts';
import {
  cannotUnderstand,
  doesNotMatch,
  duplicateInstance,
  outOfResources,
  processingFailure,
  STORED_WITH_MISMATCH,
  SUCCESS,
} from './outcomes.ts';
import type { Spool } from './spool.ts';

export interface StoreDependencies {
  readonly objects: Pick<ObjectStore, 'put'>;
  readonly groups: Pick<GroupStore, 'putUnrouted'>;
  readonly stored: StoredInstances;
  readonly admit: AdmitInstance;
  readonly ignored: IgnoredInstances;
  readonly limits: { readonly deadlineMs: number; readonly attemptMs: number };
  readonly clock: Clock;
  readonly log: ListenerLog;
  readonly observer: ListenerObserver;
}

export interface ReceivedInstance {
  readonly context: ReceptionContext;
  readonly settings: AeTitleItem;
  /** Why its AE title does not group it: nothing of it is kept then. */
  readonly ignoredBecause?: string | undefined;
  readonly header: InstanceHeader;
  /** What the AE title's declared inputs read. */
  readonly declared?: InstanceItem['declared'];
  readonly spool: Spool;
  /** Of the data set, hex. */
  readonly sha256: string;
}

export interface StoreResult {
  readonly outcome: StoreOutcome;
  /** What a person is to find out about, each with a record of its own. */
  readonly decisions: readonly Decision[];
}

const DICOM_TYPE = 'application/dicom';

/** Slower than any working path to the bucket: what a large instance adds to the limits. */
const SLOWEST_BYTES_PER_MS = (50 * 1024 * 1024) / 1000;

/** Of one attempt; more than one after another is taken by the reclaimer only if something is wrong. */
const MAXIMUM_INCARNATIONS = 4;

const describe = (
  { context, header, declared, sha256, settings }: ReceivedInstance,
  { sopClassUid, sopInstanceUid }: SopReference,
  size: number,
  receivedAt: number,
): Omit<InstanceItem, 'keyId' | 'objectKey'> => {
  const text = (keyword: string): string => header.text(keyword) ?? '';
  const { calledAeTitle: aeTitle, transferSyntaxUid } = context;
  return {
    aeTitle,
    sopInstanceUid,
    sopClassUid,
    seriesInstanceUid: text('SeriesInstanceUID'),
    studyInstanceUid: text('StudyInstanceUID'),
    patientId: text('PatientID'),
    issuerOfPatientId: text('IssuerOfPatientID'),
    transferSyntaxUid,
    size,
    sha256,
    callingAeTitle: context.callingAeTitle,
    remoteAddress: context.remoteAddress,
    associationId: context.associationId,
    receivedAt,
    attributes: header.attributes,
    ...(settings.duplicates === 'replace' ? { replaces: true as const } : {}),
    ...(declared === undefined ? {} : { declared }),
  };
};

/** The end of an instance that is not what was announced, or that nobody can read. */
const refused = (
  { context, ignoredBecause: ignored }: ReceivedInstance,
  identity: Extract<Identity, { kind: 'mismatch' | 'unreadable' }>,
): StoreResult =>
  identity.kind === 'mismatch'
    ? {
        outcome: doesNotMatch('data set does not match SOP class/instance'),
        decisions: [mismatchRefused(context, identity.differs, ignored === undefined)],
      }
    : {
        outcome: cannotUnderstand(identity.problem),
        decisions: [unreadableRefused(context, identity.problem, identity.keepable)],
      };

/** The key of its group; of what cannot be read, why there is none. */
const keyOf = ({ settings, header }: ReceivedInstance, identity: Identity): KeyOutcome => {
  if (identity.kind === 'announced') {
    return { routed: false, reason: `the data set cannot be read: ${identity.problem}` };
  }
  const outcome = keyOfInstance(settings, (keyword) => header.text(keyword));
  return outcome.routed || header.problem === undefined
    ? outcome
    : { routed: false, reason: `${outcome.reason} (${header.problem})` };
};

/** Under `keepFirst`: whether other bytes of the instance were there before it. */
const isLaterVersion = async (
  deps: StoreDependencies,
  { settings: { aeTitle, duplicates }, sha256 }: ReceivedInstance,
  { sopInstanceUid }: SopReference,
): Promise<boolean> => {
  if (duplicates !== 'keepFirst') return false;
  const versions = await deps.stored.find(aeTitle, sopInstanceUid);
  return versions.length > 0 && versions.every((version) => version.sha256 !== sha256);
};

const objectKeyOf = (
  described: ReturnType<typeof describe>,
  key: KeyOutcome,
  incarnation: number | undefined,
): string =>
  key.routed
    ? instanceObjectKey({ ...described, keyId: key.key.keyId, incarnation })
    : objectKeys.unrouted(
        described.aeTitle,
        described.sopInstanceUid,
        described.sha256,
        incarnation,
      );

/** Puts the object, then its items; decides about other versions, if there are any. */
const keep = async (
  deps: StoreDependencies,
  received: ReceivedInstance,
  sop: SopReference,
  key: KeyOutcome,
): Promise<StoreResult> => {
  const { context, settings, spool } = received;
  const { log, limits } = deps;
  const head = part10Head({ ...context, ...sop });
  const length = head.length + spool.length;
  const described = describe(received, sop, length, deps.clock());
  const progress: { checked: boolean; stored: boolean; incarnation?: number } = {
    ...{ checked: false, stored: false },
  };

  /** Its items; `doomed` is the incarnation that the reclaimer has, if it has one. */
  const file = async (objectKey: string): Promise<{ doomed?: number; conflict?: boolean }> => {
    const { incarnation } = progress;
    const instance = {
      ...described,
      objectKey,
      ...(incarnation === undefined ? {} : { incarnation }),
    };
    if (!key.routed) {
      const doomed = await deps.groups.putUnrouted({ ...instance, reason: key.reason });
      return doomed === undefined ? {} : { doomed };
    }
    const begun = performance.now();
    const admission = await deps.admit({ ...instance, keyId: key.key.keyId }, key.key, settings);
    deps.observer.itemsWritten(performance.now() - begun);
    if (admission.outcome === 'doomed') return { doomed: admission.incarnation };
    return { conflict: admission.outcome === 'grouped' && admission.conflict };
  };

  const attempt = async (signal: AbortSignal): Promise<StoreResult> => {
    if (!progress.checked) {
      if (await isLaterVersion(deps, received, sop)) {
        return {
          outcome: duplicateInstance('kept as first received, with other bytes'),
          decisions: [duplicateRefused(context)],
        };
      }
      progress.checked = true;
    }
    for (let incarnations = 0; incarnations < MAXIMUM_INCARNATIONS; incarnations += 1) {
      const objectKey = objectKeyOf(described, key, progress.incarnation);
      if (!progress.stored) {
        const options = { length, contentType: DICOM_TYPE, signal };
        const begun = performance.now();
        await deps.objects.put(objectKey, spool.body(head), options);
        spool.bodyRead();
        deps.observer.objectWritten(performance.now() - begun);
        progress.stored = true;
      }
      const { doomed, conflict = false } = await file(objectKey);
      if (doomed === undefined) {
        return {
          outcome: SUCCESS,
          decisions: conflict ? [conflictKept(context, settings.duplicates)] : [],
        };
      }
      progress.incarnation = doomed + 1;
      progress.stored = false;
    }
    throw new Error('the reclaimer took each incarnation that was written');
  };
  const transferMs = length / SLOWEST_BYTES_PER_MS;
  try {
    return await untilDeadline(attempt, {
      deadlineMs: limits.deadlineMs + 2 * transferMs,
      attemptMs: limits.attemptMs + transferMs,
      isFinal: (error) => error instanceof InstanceKeyTaken,
    });
  } catch (error) {
    const { cause } = error as Error;
    log.error('An instance could not be stored', {
      associationId: context.associationId,
      phase: progress.stored ? 'items' : 'object',
      error: errorName(cause ?? error),
    });
    const outcome =
      error instanceof InstanceKeyTaken
        ? processingFailure('another version of the instance has the same key')
        : outOfResources(
            `the ${progress.stored ? 'items' : 'object'} could not be stored; try again`,
          );
    return { outcome, decisions: [notStored(context, outcome)] };
  }
};

export const storeInstance = async (
  deps: StoreDependencies,
  received: ReceivedInstance,
): Promise<StoreResult> => {
  const { context, settings, header, spool } = received;
  // Of what is ignored nothing was spooled, so no policy could keep it.
  const isKept = received.ignoredBecause === undefined;
  const identity = identityOf(
    context,
    header,
    isKept ? settings : { uidMismatch: 'refuse', unparsable: 'refuse' },
    spool.length === 0,
  );
  if (identity.kind === 'mismatch' || identity.kind === 'unreadable') {
    return refused(received, identity);
  }
  const reason = received.ignoredBecause ?? ignoredBecause(settings, identity.sop.sopClassUid);
  if (reason !== undefined) {
    const studyInstanceUid = header.text('StudyInstanceUID') ?? '';
    const ofClass = { ...context, sopClassUid: identity.sop.sopClassUid };
    await deps.ignored.ignore({ context: ofClass, studyInstanceUid, reason });
    return { outcome: SUCCESS, decisions: [] };
  }
  const key = keyOf(received, identity);
  const { problem } = header;
  if (!key.routed && problem !== undefined && settings.unparsable === 'refuse') {
    return refused(received, { kind: 'unreadable', problem, keepable: true });
  }
  const result = await keep(deps, received, identity.sop, key);
  return identity.kind === 'known' && identity.differs !== undefined && result.outcome === SUCCESS
    ? {
        outcome: STORED_WITH_MISMATCH,
        decisions: [mismatchStored(context, identity.differs), ...result.decisions],
      }
    : result;
};
