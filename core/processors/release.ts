/**
 * From a due group to its sessions: claim, seal, one session per pipeline, released. Every step may be repeated,
 * by the check that began it or by the sweep, and changes nothing the second time.
 */
import type { GroupItem, GroupManifest, InputReport, SessionItem } from '../contracts/items.ts';
import { dueAt, quietAt } from '../contracts/due-time.ts';
import { executionName, sessionId } from '../contracts/keys.ts';
import type { SessionInput } from '../contracts/messages.ts';
import { DEFAULT_PIPELINE } from '../contracts/names.ts';
import { qualified, type PlatformVersions } from '../contracts/platform-versions.ts';
import type { Clock, Executions } from '../contracts/ports.ts';
import type { GroupStore, Subjects } from './group-store.ts';
import { inputsText, isComplete } from './completeness.ts';
import { collectingInstances, sealGroup, type SealDependencies } from './manifest.ts';
import { manifestInstances } from './members.ts';
import { sealTime } from './timing.ts';

export interface ReleaseDependencies extends SealDependencies {
  readonly groups: GroupStore;
  readonly sessions: {
    /** False when the session exists: it is left as it is. */
    createSession(session: SessionItem): Promise<boolean>;
    getSession(sessionId: string): Promise<SessionItem | undefined>;
  };
  readonly executions: Pick<Executions, 'start'>;
  readonly sessionMachineArn: string;
  /** With which a session begins; absent where nothing has versions. */
  readonly platformVersions?: PlatformVersions | undefined;
}

/** Why a group is claimed, if it is not only because it is due. */
export interface Closing {
  readonly reason?: 'manual' | 'complete' | 'discarded';
  readonly inputs?: readonly InputReport[];
}

const closedBecause = (due: boolean, capped: boolean, reason: Closing['reason']) => {
  if (reason === 'complete' || reason === 'discarded') return reason;
  if (!due) return 'manual' as const;
  return capped ? ('maxWait' as const) : ('quiet' as const);
};

/**
 * Claims a collecting group. `manual` and `complete` do not ask whether it is due. The claimed group, or undefined when it
 * is not due or was touched or claimed since it was read.
 */
export const claimGroup = async (
  deps: { readonly groups: Pick<GroupStore, 'claim'>; readonly clock: Clock },
  group: GroupItem,
  { reason, inputs }: Closing = {},
): Promise<GroupItem | undefined> => {
  const now = deps.clock();
  const due = now >= dueAt(group);
  if (group.state !== 'COLLECTING' || (!due && reason !== 'manual' && reason !== 'complete'))
    return undefined;
  const capped = quietAt(group) >= group.capAt;
  const claim = {
    claimedAt: now,
    sealAfter: sealTime(now, group),
    closedBecause: closedBecause(due, capped, reason),
    ...(inputs === undefined ? {} : { inputs: [...inputs] }),
  };
  return (await deps.groups.claim(group, claim))
    ? { ...group, state: 'CLAIMED', held: false, ...claim }
    : undefined;
};

/** What becomes of a due group: `changed` when it was touched or claimed since it was read. */
export type DueOutcome = GroupItem | 'held' | 'changed';

/**
 * Closes a held group to which nobody belongs: it was opened for an instance that was in time for the generation
 * before. Asked for after its quiet time, when no listener relies on a touch. It stays held when somebody does
 * belong to it.
 */
export const claimEmpty = async (
  deps: Pick<ReleaseDependencies, 'groups' | 'clock' | 'sleep'>,
  group: GroupItem,
): Promise<DueOutcome> => {
  if ((await collectingInstances(deps, group)).length > 0) return 'held';
  const now = deps.clock();
  const claim = { claimedAt: now, sealAfter: now, closedBecause: 'empty' } as const;
  return (await deps.groups.claim(group, claim))
    ? { ...group, state: 'CLAIMED', held: false, ...claim }
    : 'changed';
};

const pipelinesOf = (group: GroupItem): [name: string, id: string][] => {
  const named = Object.entries(group.pipelines);
  return named.length > 0 ? named : [[DEFAULT_PIPELINE, DEFAULT_PIPELINE]];
};

const startSessions = async (
  deps: ReleaseDependencies,
  group: GroupItem,
  manifest: GroupManifest,
  studies: string[],
): Promise<string[]> => {
  const instanceCount = manifestInstances(manifest).length;
  return Promise.all(
    pipelinesOf(group).map(async ([pipelineName, pipeline]) => {
      const session: SessionItem = {
        id: sessionId(group.id, pipelineName),
        groupId: group.id,
        aeTitle: group.aeTitle,
        pipeline,
        pipelineName,
        priority: group.priority,
        state: 'PLANNING',
        run: 1,
        createdAt: deps.clock(),
        studies,
        instanceCount,
        ...(deps.platformVersions === undefined ? {} : { versions: deps.platformVersions }),
      };
      // Also when the session exists: its creator may have died before this, and been of another release.
      const stored = (await deps.sessions.createSession(session))
        ? session
        : await deps.sessions.getSession(session.id);
      const machine = qualified(deps.sessionMachineArn, stored?.versions?.sessionMachine);
      const input: SessionInput = { sessionId: session.id, run: 1 };
      await deps.executions.start(machine, executionName(session.id, 1), input);
      return session.id;
    }),
  );
};

const subjectsOf = ({ series }: GroupManifest): Subjects => {
  const named = (values: readonly unknown[]): string[] => {
    const texts = values.map((value) => (typeof value === 'string' ? value.trim() : ''));
    return [...new Set(texts)].filter((text) => text !== '');
  };
  return {
    patientIds: named(series.map(({ patientId }) => patientId)),
    accessionNumbers: named(series.map(({ attributes }) => attributes['AccessionNumber'])),
  };
};

/** Written again, it is the same record. Instances of a discarded group are the reclaimer's to delete. */
const recordIncomplete = async (deps: ReleaseDependencies, group: GroupItem): Promise<void> => {
  const { inputs, claimedAt: at, closedBecause: because } = group;
  if (inputs === undefined || at === undefined || isComplete(inputs)) return;
  const discarded = because === 'discarded';
  const what = discarded ? 'was discarded' : 'was released';
  await deps.groups.recordDecision({
    id: `${group.id}-incomplete`,
    at,
    code: discarded ? 'group-discarded' : 'group-incomplete',
    message: `The group ${what} before its declared inputs were there: ${inputsText(inputs)}.`,
    aeTitle: group.aeTitle,
    groupId: group.id,
  });
};

/** Finishes a claimed group; of one that is released already it changes nothing. */
export const releaseGroup = async (deps: ReleaseDependencies, group: GroupItem): Promise<void> => {
  const wait = (group.sealAfter ?? 0) - deps.clock();
  if (wait > 0) await deps.sleep(wait);
  const manifest = await sealGroup(deps, group);
  const instances = manifestInstances(manifest);
  const studies = [...new Set(manifest.series.map(({ studyInstanceUid }) => studyInstanceUid))];
  const named = studies.filter((study) => study !== '');
  const empty = instances.length === 0;

  const discarded = group.closedBecause === 'discarded';
  const [sessions] = await Promise.all([
    empty || discarded ? [] : startSessions(deps, group, manifest, named),
    deps.groups.indexStudies(group.id, named),
    deps.groups.indexSubjects(group.id, subjectsOf(manifest)),
    recordIncomplete(deps, group),
  ]);
  const received = instances.map(({ receivedAt }) => receivedAt);
  await deps.groups.release(group, {
    releasedAt: deps.clock(),
    instanceCount: instances.length,
    firstReceivedAt: received.reduce(
      (a, b) => Math.min(a, b),
      received[0] ?? group.firstReceivedAt,
    ),
    lastReceivedAt: received.reduce((a, b) => Math.max(a, b), received[0] ?? group.lastReceivedAt),
    closedBecause: empty ? 'empty' : (group.closedBecause ?? 'quiet'),
    sessions,
    ...(manifest.supersedes === undefined ? {} : { supersedes: manifest.supersedes }),
  });
};
