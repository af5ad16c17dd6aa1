/**
 * The rule of dcm-processor by which a job finds what another job of its session left: by that job's name, for
 * the same event; for its own object if that job ran for it, or else for the first object. Values and the
 * descriptions of files are entries of one store, in two name spaces. An attempt that does not count any more is
 * refused what it wants to change: it must not overwrite what its successor keeps.
 */
import type { SessionDataKey, SessionDataStore } from '../../core/running/session-store.ts';
import { Refused } from './exchange.ts';
import type { JobAccess } from './job-access.ts';

export type EntryKind = 'data' | 'file';

/** Which entry a request means; without `jobName` and `objectId` the job's own. */
export interface EntryName {
  readonly name: string;
  readonly jobName?: string | undefined;
  readonly objectId?: string | undefined;
}

export interface SessionEntries {
  /** The text stored under that name, by the rule above. */
  find(access: JobAccess, kind: EntryKind, name: EntryName): Promise<string | undefined>;
  put(access: JobAccess, kind: EntryKind, name: string, text: string): Promise<void>;
  /** False when the job had none of that name. */
  remove(access: JobAccess, kind: EntryKind, name: string): Promise<boolean>;
}

const ownKey = (access: JobAccess, kind: EntryKind, name: string): SessionDataKey => ({
  event: access.event,
  jobName: access.jobName,
  objectId: access.objectId,
  name: `${kind}:${name}`,
});

const notThisAttempts = (): Refused =>
  new Refused(409, 'the job is not this attempt’s any more: it was cancelled, or runs elsewhere');

export const sessionEntries = (store: SessionDataStore): SessionEntries => ({
  find: async (access, kind, { name, jobName, objectId }) => {
    const own = ownKey(access, kind, name);
    const key = {
      ...own,
      jobName: jobName ?? access.jobName,
      objectId: objectId ?? access.objectId,
      event: access.eventOfObject.get(objectId ?? access.objectId) ?? access.event,
    };
    const found = await store.getValue(access.sessionId, key);
    if (found !== undefined || jobName === undefined || objectId !== undefined) return found;
    const other = (await store.listValues(access.sessionId)).find(
      (entry) => entry.event === key.event && entry.jobName === jobName && entry.name === key.name,
    );
    return other === undefined ? undefined : store.getValue(access.sessionId, other);
  },
  put: async (access, kind, name, text) => {
    const { sessionId, writer } = access;
    const written = await store.putValue(sessionId, writer, ownKey(access, kind, name), text);
    if (written === 'fenced') throw notThisAttempts();
  },
  remove: async (access, kind, name) => {
    const { sessionId, writer } = access;
    const removed = await store.removeValue(sessionId, writer, ownKey(access, kind, name));
    if (removed === 'fenced') throw notThisAttempts();
    return removed === 'done';
  },
});
