/** The item of a generation as a listener opens it, for the first instance of it. */
import type { AeTitleItem } from '../contracts/configuration.ts';
import type { GroupItem, GroupPromise, Sender } from '../contracts/items.ts';
import { groupId } from '../contracts/keys.ts';
import type { GroupKey } from './ae-title-key.ts';
import { lateFields } from './late.ts';

export const senderOf = ({ callingAeTitle, associationId }: Sender): Sender => ({
  callingAeTitle,
  associationId,
});

const declaredFields = (settings: AeTitleItem): Partial<GroupItem> =>
  settings.complete === undefined || settings.complete.length === 0
    ? {}
    : {
        complete: settings.complete,
        onIncomplete: settings.onIncomplete ?? 'run',
        lateWindowMs: Math.round(settings.lateWindowSeconds * 1000),
      };

export interface Opening {
  readonly key: GroupKey;
  readonly settings: AeTitleItem;
  readonly sender: Sender;
  readonly generation: number;
  /** The generation of the key that was released last. */
  readonly predecessor: GroupItem | undefined;
  readonly now: number;
  readonly instanceCount: number;
  /** By listener: of whom opens it. */
  readonly promises: Readonly<Record<string, GroupPromise>>;
}

export const openedGroup = ({
  key,
  settings,
  now,
  predecessor,
  ...opening
}: Opening): GroupItem => ({
  id: groupId(key.keyId, opening.generation),
  keyId: key.keyId,
  generation: opening.generation,
  aeTitle: settings.aeTitle,
  processor: settings.processor,
  groupBy: [...settings.groupBy],
  keyValues: [...key.keyValues],
  state: 'COLLECTING',
  priority: settings.priority,
  pipelines: settings.pipelines,
  timeoutMs: Math.round(settings.timeoutSeconds * 1000),
  openedAt: now,
  firstReceivedAt: now,
  lastReceivedAt: now,
  promises: { ...opening.promises },
  version: 1,
  capAt: now + Math.round(settings.maxWaitSeconds * 1000),
  instanceCount: opening.instanceCount,
  sessions: [],
  openedBy: senderOf(opening.sender),
  ...declaredFields(settings),
  ...lateFields(settings, predecessor, now),
});
