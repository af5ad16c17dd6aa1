/**
 * Sessions from chosen instances: a processor submits them, or a person composes them of cached studies. They go
 * the way of a released group: a group that is born claimed, with a manifest of exactly these instances. Its id is
 * a hash of what was submitted, so that the same submission, repeated after a crash, makes the same session.
 */
import type { AeTitleItem } from '../../contracts/configuration.ts';
import type { GroupItem, InstanceItem } from '../../contracts/items.ts';
import { groupId, sessionId, shortHash } from '../../contracts/keys.ts';
import { DEFAULT_PIPELINE } from '../../contracts/names.ts';
import type { Priority } from '../../contracts/vocabulary.ts';
import { buildManifest } from '../manifest.ts';
import type { ReclaimStore } from '../reclaim-store.ts';
import { releaseGroup, type ReleaseDependencies } from '../release.ts';

export interface SubmissionDependencies extends ReleaseDependencies {
  pipelineExists(id: string): Promise<boolean>;
  readonly reclaims: Pick<ReclaimStore, 'use'>;
}

export interface Submission {
  readonly settings: Pick<AeTitleItem, 'aeTitle' | 'processor'>;
  /** What stable-… events the session fires: see the events of a group. */
  readonly groupBy: readonly string[];
  readonly because: 'submitted' | 'composed';
  readonly name: string;
  readonly pipelineId: string;
  readonly priority: Priority;
  readonly instances: readonly InstanceItem[];
}

/** What was submitted cannot become a session, now or later. */
export class SubmissionRefused extends Error {
  override readonly name = 'SubmissionRefused';
  readonly problem:
    'no-instances' | 'other-ae-title' | 'no-name' | 'no-pipeline' | 'instances-gone';

  constructor(problem: SubmissionRefused['problem'], message: string) {
    super(message);
    this.problem = problem;
  }
}

const check = async (
  deps: SubmissionDependencies,
  { settings, name, pipelineId, instances }: Submission,
): Promise<void> => {
  if (name.trim() === '') throw new SubmissionRefused('no-name', 'a submission needs a name');
  if (instances.length === 0) {
    throw new SubmissionRefused('no-instances', 'a submission needs at least one instance');
  }
  if (instances.some(({ aeTitle }) => aeTitle !== settings.aeTitle)) {
    throw new SubmissionRefused(
      'other-ae-title',
      `an instance was not received by ${settings.aeTitle}`,
    );
  }
  if (pipelineId !== DEFAULT_PIPELINE && !(await deps.pipelineExists(pipelineId))) {
    throw new SubmissionRefused(
      'no-pipeline',
      `there is no pipeline "${pipelineId}"; make it with: gantry pipeline set ${pipelineId}`,
    );
  }
};

/** From then on the reclaimer takes none of them; what it has taken before cannot be submitted any more. */
const holdInstances = async (
  { groups, reclaims, clock }: SubmissionDependencies,
  instances: readonly InstanceItem[],
  session: string,
): Promise<void> => {
  for (const [keyId, ofKey] of Map.groupBy(instances, (item) => item.keyId)) {
    await reclaims.use(keyId, { sessionId: session, at: clock() });
    const there = new Set((await groups.instances(keyId)).map(({ objectKey }) => objectKey));
    if (ofKey.every(({ objectKey }) => there.has(objectKey))) continue;
    throw new SubmissionRefused('instances-gone', 'an instance was deleted in the meantime');
  }
};

/** May be repeated. Throws {@link SubmissionRefused}. */
export const submitSession = async (
  deps: SubmissionDependencies,
  submission: Submission,
): Promise<{ readonly groupId: string; readonly sessionId: string }> => {
  await check(deps, submission);
  const { settings, groupBy, because, name, pipelineId, priority } = submission;
  const instances = [
    ...new Map(submission.instances.map((item) => [item.objectKey, item])).values(),
  ];
  const keyId = shortHash(
    JSON.stringify([
      ...[because, settings.aeTitle, settings.processor, name, pipelineId],
      instances.map(({ objectKey }) => objectKey).sort(),
    ]),
    20,
  );
  const id = groupId(keyId, 1);
  const now = deps.clock();
  const received = instances.map(({ receivedAt }) => receivedAt);
  const group: GroupItem = {
    id,
    keyId,
    generation: 1,
    aeTitle: settings.aeTitle,
    processor: settings.processor,
    groupBy: [...groupBy],
    keyValues: [name],
    state: 'CLAIMED',
    priority,
    pipelines: { [name]: pipelineId },
    timeoutMs: 0,
    openedAt: now,
    firstReceivedAt: received.reduce((a, b) => Math.min(a, b), received[0] ?? now),
    lastReceivedAt: received.reduce((a, b) => Math.max(a, b), received[0] ?? now),
    promises: {},
    version: 1,
    capAt: now,
    instanceCount: instances.length,
    instanceKeys: [...new Set(instances.map((item) => item.keyId))],
    claimedAt: now,
    sealAfter: now,
    closedBecause: because,
    sessions: [],
  };
  const made = { groupId: id, sessionId: sessionId(id, name) };
  // Submitted before: its instances may be gone by now.
  if ((await deps.groups.get(keyId, 1))?.state === 'RELEASED') return made;
  await holdInstances(deps, instances, made.sessionId);
  // The manifest first: who finds the group claimed, after a crash, must not seal one of its own.
  await deps.groups.sealManifest(buildManifest(group, instances, now));
  await deps.groups.open(group);
  const stored = (await deps.groups.get(keyId, 1)) ?? group;
  if (stored.state !== 'RELEASED') await releaseGroup(deps, stored);
  return made;
};
