/**
 * Which instances of a transaction are durable for an AE title: its items name the instance with that SOP
 * class, and the object that the item names is in the bucket. What cannot be found out counts as not durable.
 */
import type { ObjectListing, StoredInstances } from '../../../core/contracts/ports.ts';
import {
  FAILURE_REASON,
  type CommitmentRequest,
  type CommitmentResult,
  type FailedReference,
  type FailureReason,
  type SopReference,
} from '../../../core/dimse/storage-commitment.ts';
import { inParallel } from '../../../core/running/concurrency.ts';
import { untilDeadline } from '../../ingest/deadline.ts';
import { errorName, type ListenerLog } from '../../listener-log.ts';

export type VerifyReferences = (
  aeTitle: string,
  request: CommitmentRequest,
) => Promise<CommitmentResult>;

export interface VerifyDependencies {
  readonly stored: StoredInstances;
  readonly objects: ObjectListing;
  readonly log: ListenerLog;
  /** For one question to the table or the bucket, all its attempts together, in milliseconds; default 20 s. */
  readonly deadlineMs?: number;
}

const DEADLINE_MS = 20_000;
const ATTEMPT_MS = 5000;

/** Questions at a time. */
const CONCURRENCY = 16;

/** A folder is listed as a whole when more than so many of its objects are asked for. */
const SINGLE_KEYS = 2;

const folderOf = (key: string): string => key.slice(0, key.lastIndexOf('/') + 1);

interface Candidate {
  readonly reference: SopReference;
  readonly objectKeys: readonly string[];
}

export const referenceVerifier = ({
  stored,
  objects,
  log,
  deadlineMs = DEADLINE_MS,
}: VerifyDependencies): VerifyReferences => {
  const ask = <T>(question: () => Promise<T>): Promise<T> =>
    untilDeadline(question, { deadlineMs, attemptMs: ATTEMPT_MS, isFinal: () => false });

  return async (aeTitle, { transactionUid, references }) => {
    const failures = new Map<SopReference, FailureReason>();
    const candidates: Candidate[] = [];
    const unanswered = (error: unknown): void => {
      log.error('storage commitment: the store does not answer', { problem: errorName(error) });
    };

    await inParallel(references, CONCURRENCY, async (reference) => {
      try {
        const versions = await ask(() => stored.find(aeTitle, reference.sopInstanceUid));
        const ofClass = versions.filter(({ sopClassUid }) => sopClassUid === reference.sopClassUid);
        if (versions.length === 0) failures.set(reference, FAILURE_REASON.noSuchObjectInstance);
        else if (ofClass.length === 0) {
          failures.set(reference, FAILURE_REASON.classInstanceConflict);
        } else {
          candidates.push({ reference, objectKeys: ofClass.map(({ objectKey }) => objectKey) });
        }
      } catch (error) {
        unanswered(error);
        failures.set(reference, FAILURE_REASON.processingFailure);
      }
    });

    // One list request answers for up to a thousand objects of a series, and needs no right to read them.
    const folders = Map.groupBy(
      candidates.flatMap(({ objectKeys }) => objectKeys),
      folderOf,
    );
    const prefixes = [...folders].flatMap(([folder, keys]) =>
      keys.length > SINGLE_KEYS ? [folder] : keys,
    );
    const present = new Set<string>();
    const unlisted: string[] = [];
    await inParallel(prefixes, CONCURRENCY, async (prefix) => {
      try {
        for (const key of await ask(() => objects.keys(prefix))) present.add(key);
      } catch (error) {
        unanswered(error);
        unlisted.push(prefix);
      }
    });
    for (const { reference, objectKeys } of candidates) {
      if (objectKeys.some((key) => present.has(key))) continue;
      const unknown = objectKeys.some((key) => unlisted.some((prefix) => key.startsWith(prefix)));
      failures.set(
        reference,
        unknown ? FAILURE_REASON.processingFailure : FAILURE_REASON.noSuchObjectInstance,
      );
    }

    return {
      transactionUid,
      committed: references.filter((reference) => !failures.has(reference)),
      failed: references.flatMap((reference): FailedReference[] => {
        const reason = failures.get(reference);
        return reason === undefined ? [] : [{ ...reference, reason }];
      }),
    };
  };
};
