/**
 * The rule of dcm-processor by which a job finds what another job of its session left: by that job's name, for
 * the same event; for its own object if that job ran for it, or else for the first object. Values and the
 * descriptions of files are entries of one store, in two name spaces.
 */
import type { SessionDataKey, SessionDataStore } from '../../core/running/session-store.ts';
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
  put: (access, kind, name, text) =>
    store.putValue(access.sessionId, ownKey(access, kind, name), text),
  remove: (access, kind, name) => store.removeValue(access.sessionId, ownKey(access, kind, name)),
});
