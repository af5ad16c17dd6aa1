/** One instance on its way in: what a begun C-STORE holds until it is answered or given up. */
import { instanceHeader } from '../../core/dicom/header.ts';
import { declaredValues } from '../../core/dicom/natural-values.ts';
import { createHeaderReader, type HeaderReader } from '../../core/dicom/header-reader.ts';
import { part10Head } from '../../core/dicom/part10.ts';
import { isValidUid } from '../../core/dicom/uid.ts';
import { statusClass } from '../../core/dimse/status.ts';
import { ignoredBecause } from '../../core/processors/sop-class-filter.ts';
import type { BeginDataSetHash } from '../hashing/data-set-hash.ts';
import { errorName } from '../listener-log.ts';
import type {
  InstanceReception,
  ReceptionContext,
  StoreOutcome,
} from '../services/instance-receiver.ts';
import { notStored, requestRefused } from './instance-messages.ts';
import type { InstanceDecisions } from './instance-decisions.ts';
import { cannotUnderstand, outOfResources, processingFailure } from './outcomes.ts';
import type { HasRoom } from './disk-room.ts';
import { createSpool } from './spool.ts';
import { storeInstance, type StoreDependencies } from './store-instance.ts';
import type { FindAeTitle, ReceivingSettings } from './ae-title-settings.ts';
import type { SpoolSettings } from './spool.ts';

export interface ReceptionDependencies extends StoreDependencies {
  readonly aeTitle: FindAeTitle;
  readonly spool: SpoolSettings;
  readonly hasRoom: HasRoom;
  readonly beginHash: BeginDataSetHash;
  readonly decisions: Pick<InstanceDecisions, 'record'>;
}

/** UIDs become parts of keys: what is no UID is refused before anything is stored. */
const badUid = (context: ReceptionContext): string | undefined => {
  const checked = [
    ['SOP Class UID', context.sopClassUid],
    ['SOP Instance UID', context.sopInstanceUid],
    ['Transfer Syntax UID', context.transferSyntaxUid],
  ] as const;
  const bad = checked.find(([, uid]) => !isValidUid(uid));
  return bad === undefined ? undefined : `${bad[0]} is not a valid UID`;
};

interface Opened extends ReceivingSettings {
  readonly ignored: string | undefined;
  readonly reader: HeaderReader;
}

export const beginReception = (
  deps: ReceptionDependencies,
  context: ReceptionContext,
): InstanceReception => {
  const { log } = deps;
  const { associationId } = context;
  const spool = createSpool(deps.spool, part10Head(context));
  const hash = deps.beginHash(associationId);
  const badRequest = badUid(context);
  let refusal: StoreOutcome | undefined =
    badRequest === undefined ? undefined : cannotUnderstand(badRequest);
  let opened: Opened | undefined;

  /** The settings say which tags to look for, so they are there before the first byte is looked at. */
  const open = async (): Promise<Opened | undefined> => {
    if (opened !== undefined || refusal !== undefined) return opened;
    try {
      const found = await deps.aeTitle(context.calledAeTitle);
      if (found === undefined) {
        refusal = processingFailure('the called AE title is not configured any more');
        return undefined;
      }
      const ignored = ignoredBecause(found.settings, context.sopClassUid);
      if (ignored === undefined && !(await deps.hasRoom())) {
        refusal = outOfResources('the disk is full; make room on it and send again');
        return undefined;
      }
      const reader = createHeaderReader(context.transferSyntaxUid, found.wanted);
      opened = { ...found, reader, ignored };
    } catch (error) {
      log.error('The settings of an AE title cannot be read', {
        associationId,
        error: errorName(error),
      });
      refusal = outOfResources('the configuration cannot be read; try again');
    }
    return opened;
  };

  const close = async (): Promise<void> => {
    opened?.reader.close();
    hash.close();
    try {
      await spool.dispose();
    } catch (error) {
      log.warn('A spool file could not be removed', { associationId, error: errorName(error) });
    }
  };

  const noRoom = async (error: unknown): Promise<StoreOutcome> => {
    log.error('An instance could not be spooled', { associationId, error: errorName(error) });
    refusal = outOfResources('the spool has no room; try again later');
    await close();
    return refusal;
  };

  const refused = async (outcome: StoreOutcome): Promise<StoreOutcome> => {
    const decision =
      badRequest === undefined ? notStored(context, outcome) : requestRefused(context, outcome);
    await deps.decisions.record({ context, ...decision });
    deps.observer.instanceAnswered({
      ...{ context, outcome, bytes: spool.length, patientId: '', studyInstanceUid: '' },
    });
    return outcome;
  };

  /** Undefined when the chunk was taken at once, as nearly all are. */
  const take = (chunk: Buffer): Promise<void> | undefined => {
    // What is refused is read to its end, since the answer comes only after it, but not kept.
    if (refusal !== undefined || opened === undefined) return undefined;
    const { reader, ignored } = opened;
    const read = reader.finished ? undefined : reader.write(chunk);
    if (ignored !== undefined) return read;
    const hashed = hash.update(chunk);
    const spooled = spool.write(chunk)?.catch(noRoom);
    return read === undefined && hashed === undefined && spooled === undefined
      ? undefined
      : Promise.all([read, hashed, spooled]).then(() => undefined);
  };

  return {
    write: (chunk) =>
      opened === undefined && refusal === undefined ? open().then(() => take(chunk)) : take(chunk),
    end: async () => {
      const current = await open();
      if (refusal !== undefined || current === undefined) {
        return await refused(refusal ?? processingFailure('the instance was not begun'));
      }
      const parsed = await current.reader.end();
      const header = instanceHeader(parsed);
      const { declares } = current;
      const [sha256, noSpool] = await Promise.all([
        hash.digest(),
        spool.finish().then(() => undefined, noRoom),
      ]);
      if (noSpool !== undefined) return await refused(noSpool);
      const { outcome, decisions } = await storeInstance(deps, {
        context,
        settings: current.settings,
        ignoredBecause: current.ignored,
        header,
        declared: declares.length === 0 ? undefined : declaredValues(parsed, declares),
        spool,
        sha256,
      });
      const recorded = decisions.map((decision) =>
        deps.decisions.record({
          ...{ context, ...decision, sopInstanceUid: context.sopInstanceUid },
          studyInstanceUid: header.text('StudyInstanceUID'),
        }),
      );
      // Its group's quiet time counts from the touch: a slow record must not come between that and Success.
      if (statusClass(outcome.status) === 'failure') await Promise.all(recorded);
      deps.observer.instanceAnswered({
        ...{ context, outcome, bytes: spool.length },
        patientId: header.text('PatientID') ?? '',
        studyInstanceUid: header.text('StudyInstanceUID') ?? '',
      });
      return outcome;
    },
    close,
    abort: close,
  };
};
