/** What happens to an instance of which all bytes are there: checked against its request, stored, grouped. */
import type { AeTitleItem } from '../../core/contracts/configuration.ts';
import type { InstanceItem } from '../../core/contracts/items.ts';
import { objectKeys } from '../../core/contracts/keys.ts';
import type { Clock, ObjectStore } from '../../core/contracts/ports.ts';
import type { InstanceHeader } from '../../core/dicom/header.ts';
import { part10Head } from '../../core/dicom/part10.ts';
import { InstanceKeyTaken, type AdmitInstance } from '../../core/processors/admission.ts';
import { keyOfInstance } from '../../core/processors/ae-title-key.ts';
import type { GroupStore } from '../../core/processors/group-store.ts';
import { instanceObjectKey } from '../../core/processors/instance-object.ts';
import { errorName, type ListenerLog } from '../listener-log.ts';
import type { ReceptionContext, StoreOutcome } from '../services/instance-receiver.ts';
import { untilDeadline } from './deadline.ts';
import type { IgnoredInstances } from './ignored-instances.ts';
import {
  cannotUnderstand,
  doesNotMatch,
  outOfResources,
  processingFailure,
  SUCCESS,
} from './outcomes.ts';
import type { Spool } from './spool.ts';

export interface StoreDependencies {
  readonly objects: Pick<ObjectStore, 'put'>;
  readonly groups: Pick<GroupStore, 'putUnrouted'>;
  readonly admit: AdmitInstance;
  readonly ignored: IgnoredInstances;
  readonly limits: { readonly deadlineMs: number; readonly attemptMs: number };
  readonly clock: Clock;
  readonly log: ListenerLog;
}

export interface ReceivedInstance {
  readonly context: ReceptionContext;
  readonly settings: AeTitleItem;
  /** Why its AE title does not group it: nothing of it is kept then. */
  readonly ignoredBecause?: string | undefined;
  readonly header: InstanceHeader;
  readonly spool: Spool;
  /** Of the data set, hex. */
  readonly sha256: string;
}

const DICOM_TYPE = 'application/dicom';

/** The data set must be the instance that the request announced (PS3.4 section B.2.3, status A9xx). */
const mismatch = ({ context, header }: ReceivedInstance): StoreOutcome | undefined => {
  const sopClassUid = header.text('SOPClassUID');
  const sopInstanceUid = header.text('SOPInstanceUID');
  if (sopClassUid === undefined || sopInstanceUid === undefined) {
    const missing = sopClassUid === undefined ? 'SOPClassUID' : 'SOPInstanceUID';
    return cannotUnderstand(header.problem ?? `the data set has no ${missing}`);
  }
  return sopClassUid === context.sopClassUid && sopInstanceUid === context.sopInstanceUid
    ? undefined
    : doesNotMatch('data set does not match SOP class/instance');
};

const describe = (
  { context, header, sha256 }: ReceivedInstance,
  size: number,
  receivedAt: number,
): Omit<InstanceItem, 'keyId' | 'objectKey'> => {
  const text = (keyword: string): string => header.text(keyword) ?? '';
  const { calledAeTitle: aeTitle, sopInstanceUid, sopClassUid, transferSyntaxUid } = context;
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
  };
};

export const storeInstance = async (
  deps: StoreDependencies,
  received: ReceivedInstance,
): Promise<StoreOutcome> => {
  const { context, settings, header, spool } = received;
  const { log, limits } = deps;
  const refusal = mismatch(received);
  if (refusal !== undefined) return refusal;
  if (received.ignoredBecause !== undefined) {
    const studyInstanceUid = header.text('StudyInstanceUID') ?? '';
    await deps.ignored.ignore({ context, studyInstanceUid, reason: received.ignoredBecause });
    return SUCCESS;
  }

  const head = part10Head(context);
  const length = head.length + spool.length;
  const described = describe(received, length, deps.clock());
  const outcome = keyOfInstance(settings, (keyword) => header.text(keyword));
  const { aeTitle, sopInstanceUid, sha256 } = described;
  const objectKey = outcome.routed
    ? instanceObjectKey(described)
    : objectKeys.unrouted(aeTitle, sopInstanceUid, sha256);
  const instance = { ...described, objectKey };

  const progress = { stored: false };
  const attempt = async (signal: AbortSignal): Promise<void> => {
    if (!progress.stored) {
      const options = { length, contentType: DICOM_TYPE, signal };
      await deps.objects.put(instance.objectKey, spool.read(head), options);
      progress.stored = true;
    }
    if (outcome.routed) {
      await deps.admit({ ...instance, keyId: outcome.key.keyId }, outcome.key, settings);
    } else {
      const why = header.problem === undefined ? '' : ` (${header.problem})`;
      await deps.groups.putUnrouted({ ...instance, reason: outcome.reason + why });
    }
  };
  try {
    await untilDeadline(attempt, {
      deadlineMs: limits.deadlineMs,
      attemptMs: limits.attemptMs,
      isFinal: (error) => error instanceof InstanceKeyTaken,
    });
    return SUCCESS;
  } catch (error) {
    const { cause } = error as Error;
    log.error('An instance could not be stored', {
      associationId: context.associationId,
      phase: progress.stored ? 'items' : 'object',
      error: errorName(cause ?? error),
    });
    return error instanceof InstanceKeyTaken
      ? processingFailure('another version of the instance has the same key')
      : outOfResources(
          `the ${progress.stored ? 'items' : 'object'} could not be stored; try again`,
        );
  }
};
