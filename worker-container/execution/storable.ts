/** An attempt's outcome as it is stored: a result that is too large for an item goes to the bucket. */
import { objectKeys } from '../../core/contracts/object-keys.ts';
import type { JobItem } from '../../core/contracts/items.ts';
import type { ObjectStore } from '../../core/contracts/ports.ts';
import type { JobOutcome } from '../../core/running/session-store.ts';
import { MAX_INLINE_RESULT_BYTES, type AttemptOutcome } from './outcome.ts';

/** `job` as its lease left it: the result's object is that of the attempt. */
export const storableOutcome = async (
  objects: Pick<ObjectStore, 'put'>,
  { sessionId, nodeId, attempt }: Pick<JobItem, 'sessionId' | 'nodeId' | 'attempt'>,
  { resultJson, ...rest }: AttemptOutcome,
): Promise<JobOutcome> => {
  if (resultJson === undefined) return rest;
  const body = Buffer.from(resultJson);
  if (body.length <= MAX_INLINE_RESULT_BYTES) return { ...rest, resultJson };
  await objects.put(objectKeys.jobResult(sessionId, nodeId, attempt), body, {
    length: body.length,
    contentType: 'application/json',
  });
  return { ...rest, resultInBucket: true };
};
