/** From the table's items to the API's JSON: times become ISO 8601 with milliseconds, ids stay as they are. */
import type {
  Decision,
  Group,
  Instance,
  Job,
  RuleTrial,
  Session,
  SessionSummary,
  Unrouted,
} from './api.ts';
import { isoTime } from './day.ts';
import type {
  DecisionRecord,
  GroupItem,
  GroupManifest,
  InstanceItem,
  JobItem,
  SessionItem,
  UnroutedItem,
} from './items.ts';
import { dueAt } from './due-time.ts';
import { INSTANCE_HASH_LENGTH, jobId } from './keys.ts';
import type { RuleOutcome } from './rules.ts';

export const optionalTime = (milliseconds: number | undefined): string | null =>
  milliseconds === undefined ? null : isoTime(milliseconds);

const LEVEL_KEYWORDS = {
  Patient: 'PatientID',
  Study: 'StudyInstanceUID',
  Series: 'SeriesInstanceUID',
} as const;

/** `Patient`, `Study` and `Series` in any letter case to the keyword of their identifier. */
export const keywordOfLevel = (text: string): string | undefined =>
  Object.entries(LEVEL_KEYWORDS).find(([level]) => level.toLowerCase() === text.toLowerCase())?.[1];

/** Keywords as a person would write them: a level's name for its identifier, a list only if there are several. */
export const showGroupBy = (keywords: readonly string[]): string | string[] => {
  const shown = keywords.map(
    (keyword) =>
      Object.entries(LEVEL_KEYWORDS).find(([, attribute]) => attribute === keyword)?.[0] ?? keyword,
  );
  return shown.length === 1 && shown[0] !== undefined ? shown[0] : shown;
};

/** Between the values of a composite key: DICOM's own separator of values (PS3.5 section 6.2). */
const VALUE_SEPARATOR = '\\';

/** A group that was held, by whatever policy: its due time is none that anybody waited for, before or after its release. */
export const wasHeld = ({ held, late, incomplete }: GroupItem): boolean =>
  held === true || late === 'hold' || incomplete === true;

export const toGroup = (item: GroupItem): Group => ({
  id: item.id,
  aeTitle: item.aeTitle,
  processor: item.processor,
  groupBy: showGroupBy(item.groupBy),
  key: item.keyValues.join(VALUE_SEPARATOR),
  keyValues: item.keyValues,
  generation: item.generation,
  state: item.state,
  priority: item.priority,
  pipelines: item.pipelines,
  timeout: item.timeoutMs / 1000,
  instanceCount: item.instanceCount,
  firstReceivedAt: isoTime(item.firstReceivedAt),
  lastReceivedAt: isoTime(item.lastReceivedAt),
  dueAt: wasHeld(item) ? null : isoTime(dueAt(item)),
  releasedAt: optionalTime(item.releasedAt),
  closedBecause: item.closedBecause ?? null,
  sessions: item.sessions,
  held: item.held ?? false,
  late: item.late ?? null,
  supersedes: item.supersedes ?? null,
  legalHold: item.legalHold?.reason ?? null,
  reclaimedAt: optionalTime(item.reclaimedAt),
});

export const toInstance = (item: Omit<InstanceItem, 'aeTitle' | 'keyId'>): Instance => ({
  sopInstanceUid: item.sopInstanceUid,
  sopClassUid: item.sopClassUid,
  transferSyntaxUid: item.transferSyntaxUid,
  studyInstanceUid: item.studyInstanceUid,
  seriesInstanceUid: item.seriesInstanceUid,
  patientId: item.patientId,
  size: item.size,
  sha256: item.sha256,
  callingAeTitle: item.callingAeTitle,
  receivedAt: isoTime(item.receivedAt),
  objectKey: item.objectKey,
});

/** The members of a released group, series by series in their order of arrival. */
export const manifestInstances = (manifest: GroupManifest): Instance[] =>
  manifest.series.flatMap((series) =>
    series.instances.map((instance) => ({
      ...instance,
      studyInstanceUid: series.studyInstanceUid,
      seriesInstanceUid: series.seriesInstanceUid,
      patientId: series.patientId,
      receivedAt: isoTime(instance.receivedAt),
    })),
  );

/** Names an unrouted instance: what its item's key is made of, for a URL. */
export const unroutedId = (
  item: Pick<UnroutedItem, 'aeTitle' | 'sopInstanceUid' | 'sha256'>,
): string =>
  Buffer.from(
    [item.aeTitle, item.sopInstanceUid, item.sha256.slice(0, INSTANCE_HASH_LENGTH)].join('\\'),
  ).toString('base64url');

/** Undefined when `id` was not built by {@link unroutedId}. */
export const parseUnroutedId = (
  id: string,
): { aeTitle: string; sopInstanceUid: string; sha256: string } | undefined => {
  const [aeTitle, sopInstanceUid, sha256, ...rest] = Buffer.from(id, 'base64url')
    .toString('utf8')
    .split('\\');
  return aeTitle === undefined || sopInstanceUid === undefined || rest.length > 0
    ? undefined
    : sha256 === undefined
      ? undefined
      : { aeTitle, sopInstanceUid, sha256 };
};

export const toUnrouted = (item: UnroutedItem): Unrouted => ({
  id: unroutedId(item),
  aeTitle: item.aeTitle,
  reason: item.reason,
  ...toInstance(item),
});

/** A barrier is a device of the graph, and shown to nobody. */
export const isShown = (job: Pick<JobItem, 'kind'>): boolean => job.kind !== 'barrier';

export const toJob = (item: JobItem): Job => ({
  id: item.id,
  sessionId: item.sessionId,
  name: item.name,
  service: item.service ?? null,
  worker: item.worker ?? null,
  event: item.event ?? null,
  object: item.object ?? null,
  state: item.state,
  reason: item.reason ?? null,
  dependsOn: item.dependsOn.map((node) => jobId(item.sessionId, node)),
  attempts: item.attempt,
  failedTries: (item.failedTries ?? []).map(({ attempt, state, reason, startedAt, endedAt }) => ({
    attempt,
    state,
    reason,
    startedAt: optionalTime(startedAt),
    endedAt: isoTime(endedAt),
  })),
  priority: item.priority,
  timeout: item.timeoutSeconds ?? null,
  queuedAt: optionalTime(item.queuedAt),
  startedAt: optionalTime(item.startedAt),
  endedAt: optionalTime(item.endedAt),
  result: item.resultJson === undefined ? null : (JSON.parse(item.resultJson) as unknown),
  resultElsewhere: item.resultInBucket === true,
  error: item.error ?? null,
});

const sessionFields = (item: SessionItem) => ({
  id: item.id,
  groupId: item.groupId,
  aeTitle: item.aeTitle,
  pipeline: item.pipeline,
  pipelineName: item.pipelineName,
  priority: item.priority,
  state: item.state,
  reason: item.reason ?? null,
  createdAt: isoTime(item.createdAt),
  startedAt: optionalTime(item.startedAt),
  endedAt: optionalTime(item.endedAt),
  studies: item.studies,
  instanceCount: item.instanceCount,
});

export const toSessionSummary = (item: SessionItem, jobIds: string[]): SessionSummary => ({
  ...sessionFields(item),
  jobs: jobIds,
});

export const toSession = (item: SessionItem, jobs: readonly JobItem[]): Session => ({
  ...sessionFields(item),
  jobs: jobs.filter(isShown).map(toJob),
});

export const toDecision = (record: DecisionRecord): Decision => ({
  id: record.id,
  at: isoTime(record.at),
  code: record.code,
  message: record.message,
  aeTitle: record.aeTitle ?? null,
  callingAeTitle: record.callingAeTitle ?? null,
  remoteAddress: record.remoteAddress ?? null,
  studyInstanceUid: record.studyInstanceUid ?? null,
  sopInstanceUid: record.sopInstanceUid ?? null,
  groupId: record.groupId ?? null,
  sessionId: record.sessionId ?? null,
  jobId: record.jobId ?? null,
  readings: record.readings ?? null,
});

export const toRuleTrial = ({ outcome, reason, detail, readings }: RuleOutcome): RuleTrial => ({
  outcome,
  reason: reason ?? null,
  detail: detail ?? null,
  readings,
});
