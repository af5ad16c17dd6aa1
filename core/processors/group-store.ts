/**
 * What grouping needs of the stored groups and instances. Reads of items are strongly consistent; every write
 * that can meet another writer is conditional and says by its answer whether it was done. Implemented by
 * aws/groups.ts.
 */
import type {
  DecisionRecord,
  GroupItem,
  GroupManifest,
  GroupPromise,
  IgnoredCount,
  InputReport,
  InstanceItem,
  Sender,
  UnroutedItem,
} from '../contracts/items.ts';

/** What a listener promises of a group, in the place of its last promise of it. */
export interface Touch {
  /** The listener's own name: its entry among the group's promises. */
  readonly listener: string;
  readonly promise: GroupPromise;
  /** Whether the listener takes the group for a held one. */
  readonly held: boolean;
  readonly lastReceivedAt: number;
  /** How many new instances it tells of. */
  readonly instances: number;
  /** Whose instance it was. */
  readonly touchedBy: Sender;
}

export interface Claim {
  readonly claimedAt: number;
  readonly sealAfter: number;
  readonly closedBecause: NonNullable<GroupItem['closedBecause']>;
  readonly inputs?: readonly InputReport[];
}

/** Of a group whose declared inputs are missing at its due time. */
export interface Hold {
  readonly lateUntil: number;
  readonly inputs: readonly InputReport[];
}

export interface Release {
  readonly releasedAt: number;
  readonly instanceCount: number;
  readonly firstReceivedAt: number;
  readonly lastReceivedAt: number;
  readonly closedBecause: NonNullable<GroupItem['closedBecause']>;
  readonly sessions: readonly string[];
  readonly supersedes?: string;
}

/** Whose images a group has, and by which requests they were made. */
export interface Subjects {
  readonly patientIds: readonly string[];
  readonly accessionNumbers: readonly string[];
}

export interface InstancePut {
  /** False when an item of that SOP instance with these bytes exists under the key: it is left as it is. */
  readonly isNew: boolean;
  /** Versions of the SOP instance with other bytes that were ever put for the AE title, under any key. */
  readonly others: readonly { readonly keyId: string; readonly sha256: string }[];
}

export interface GroupStore {
  /** The generation of the key that was opened last. */
  newest(keyId: string): Promise<GroupItem | undefined>;
  get(keyId: string, generation: number): Promise<GroupItem | undefined>;
  /** All generations of the key, the first one first. */
  generations(keyId: string): Promise<GroupItem[]>;
  /** False when that generation exists: it is left as it is. */
  open(group: GroupItem): Promise<boolean>;
  /**
   * False when the generation is not COLLECTING, is held and not taken for held or the other way round, or has a promise
   * of the listener of a later turn: nothing is changed then.
   */
  touch(keyId: string, generation: number, touch: Touch): Promise<boolean>;
  /** COLLECTING as it was read → CLAIMED, and not held any more. False when it was touched or claimed since. */
  claim(group: Pick<GroupItem, 'keyId' | 'generation' | 'version'>, claim: Claim): Promise<boolean>;
  /** A COLLECTING group that is as it was read is held for a person. False when it was touched or claimed since. */
  hold(group: Pick<GroupItem, 'keyId' | 'generation' | 'version'>, hold: Hold): Promise<boolean>;
  /**
   * A held COLLECTING group takes nothing more, and has another version, so that nobody claims it who read it before.
   * False when it is neither.
   */
  endWindow(group: Pick<GroupItem, 'keyId' | 'generation'>): Promise<boolean>;
  /** CLAIMED → RELEASED. False when it is not CLAIMED. */
  release(group: Pick<GroupItem, 'keyId' | 'generation'>, release: Release): Promise<boolean>;

  putInstance(instance: InstanceItem): Promise<InstancePut>;
  getInstance(
    keyId: string,
    sopInstanceUid: string,
    sha256: string,
  ): Promise<InstanceItem | undefined>;
  /** All instances of the key, of all generations, that the reclaimer has not taken. */
  instances(keyId: string): Promise<InstanceItem[]>;
  /** The incarnation that the reclaimer has, if it has one: then nothing is written, and the next one can be. */
  putUnrouted(instance: UnroutedItem): Promise<number | undefined>;
  /** Adds to what an AE title has ignored of a SOP class so far. */
  countIgnored(ignored: IgnoredCount): Promise<void>;
  recordDecision(record: DecisionRecord): Promise<void>;

  manifest(groupId: string): Promise<GroupManifest | undefined>;
  /** The first writer wins: returns the manifest that the group has, which may be another one. */
  sealManifest(manifest: GroupManifest): Promise<GroupManifest>;
  /** Makes the group findable by its studies. */
  indexStudies(groupId: string, studies: readonly string[]): Promise<void>;
  /** Makes the group findable by the patients and the accession numbers of its series. */
  indexSubjects(groupId: string, subjects: Subjects): Promise<void>;

  /**
   * COLLECTING groups whose due time is not after `time`, the longest overdue first; the index follows within moments.
   * May leave out some that became due in the last seconds, when there are very many.
   */
  collectingDueBefore(time: number, limit: number): Promise<GroupItem[]>;
  claimedBefore(time: number, limit: number): Promise<GroupItem[]>;
}
