/**
 * The items of the one table and the documents that are objects in the bucket because they can outgrow an
 * item (400 KB): a group's manifest, a session's plan and its objects. Keys: keys.ts. Times are milliseconds since
 * the epoch; the API turns them into ISO 8601. Fields of the state index stand in `statePk` and `stateSk`.
 */
import { z } from 'zod';
import { DeclaredInput, KeepWarm, RetryRule } from './configuration.ts';
import { PlatformVersions } from './platform-versions.ts';
import { RuleOutcome, RuleReading } from './rules.ts';
import { HeaderAttributes, InstanceItem, Sender } from './instance-items.ts';
import { HandedOver, LegalHold } from './reclaim-items.ts';
import {
  EdgeKind,
  GroupState,
  IncompletePolicy,
  JobState,
  LatePolicy,
  Level,
  NodeKind,
  Priority,
  SessionState,
  StableEvent,
  Isolation,
} from './vocabulary.ts';

export {
  HeaderAttributes,
  IgnoredCount,
  InstanceItem,
  Sender,
  StoredInstanceItem,
  UnroutedItem,
} from './instance-items.ts';

const Milliseconds = z.int().min(0);
const JsonObject = z.record(z.string(), z.unknown());

/** How far a declared input of a group is. */
export const InputReport = z.object({
  name: z.string(),
  have: z.int(),
  /** Null: it is an attribute's to say, and no instance has it. */
  want: z.number().nullable(),
  /** When what came made it complete. */
  metAt: Milliseconds.optional(),
  /** Why it could not be decided for some instance. */
  problem: z.string().optional(),
});
export type InputReport = z.infer<typeof InputReport>;

/** What a listener promises of a group: that all which it acknowledges until then belongs to it. */
export const GroupPromise = z.object({
  until: Milliseconds,
  /** Of the listener's writes: one that comes late must not undo a later one. */
  turn: z.int(),
  /** It is a lease or what is left of one: its listener sends a check when it takes the lease back. */
  lease: z.literal(true).optional(),
});
export type GroupPromise = z.infer<typeof GroupPromise>;

/** One generation of a key. The settings are those of its AE title when it was opened. */
export const GroupItem = z.object({
  id: z.string(),
  keyId: z.string(),
  generation: z.int().min(1),
  aeTitle: z.string(),
  processor: z.string(),
  groupBy: z.array(z.string()),
  keyValues: z.array(z.string()),
  state: GroupState,
  priority: Priority,
  /** Pipeline name → pipeline id: a session each. */
  pipelines: z.record(z.string(), z.string()),
  timeoutMs: z.int(),
  openedAt: Milliseconds,
  firstReceivedAt: Milliseconds,
  lastReceivedAt: Milliseconds,
  /** By listener; due-time.ts says when the group is due. */
  promises: z.record(z.string(), GroupPromise),
  /** While collecting: how often it was written, which tells who read it that it has changed. */
  version: z.int(),
  /** `maxWait` after the first instance: it is due no later. */
  capAt: Milliseconds,
  /** While collecting, what listeners have told so far; from the release on, the manifest's length. */
  instanceCount: z.int(),
  claimedAt: Milliseconds.optional(),
  /** The manifest may not be sealed before (a claim ahead of the quiet time waits until no promise can hold). */
  sealAfter: Milliseconds.optional(),
  releasedAt: Milliseconds.optional(),
  closedBecause: z
    .enum(['quiet', 'maxWait', 'manual', 'empty', 'complete', 'discarded', 'submitted', 'composed'])
    .optional(),
  sessions: z.array(z.string()),
  /** Of one that was submitted or composed: the keys of its instances, of which its own is none. */
  instanceKeys: z.array(z.string()).optional(),
  /** Whose instance opened it, and whose moved its due time last. */
  openedBy: Sender.optional(),
  touchedBy: Sender.optional(),
  /** The policy by which it was opened, if its first instance came late. */
  late: LatePolicy.optional(),
  /** With `late`: until when what comes counts as late; a held group takes nothing after it. */
  lateUntil: Milliseconds.optional(),
  /** With `late: rerun`: earlier generations released within so long before it was opened are repeated. */
  lateWindowMs: z.number().optional(),
  /** True until a person releases it: no check and no sweep does. */
  held: z.boolean().optional(),
  /** Declared inputs, and what happens without them. */
  complete: z.array(DeclaredInput).optional(),
  onIncomplete: IncompletePolicy.optional(),
  /** How far they were when the group was closed or held. */
  inputs: z.array(InputReport).optional(),
  /** It was held because inputs were missing: what comes until `lateUntil` can still complete it. */
  incomplete: z.literal(true).optional(),
  /** A held one that takes nothing more, because a later generation is being sealed: its manifest is what it has. */
  windowOver: z.literal(true).optional(),
  /** Of a released rerun: the id of the latest group whose instances it repeats. */
  supersedes: z.string().optional(),
  /** While it is there, nothing of the group is reclaimed. */
  legalHold: LegalHold.optional(),
  /** Handed over to the reclaimer: of its instances, those go that no other group keeps. */
  handedOver: HandedOver.optional(),
  /** When its instances were deleted. */
  reclaimedAt: Milliseconds.optional(),
});
export type GroupItem = z.infer<typeof GroupItem>;

/** What a sealed manifest says of an instance. */
export const ManifestInstance = InstanceItem.pick({
  sopInstanceUid: true,
  sopClassUid: true,
  transferSyntaxUid: true,
  objectKey: true,
  size: true,
  sha256: true,
  receivedAt: true,
  callingAeTitle: true,
}).extend({
  /** Absent in manifests that were sealed before it was kept. */
  associationId: z.string().optional(),
  /** An earlier generation has it as well: this one is a rerun. */
  repeated: z.literal(true).optional(),
});
export type ManifestInstance = z.infer<typeof ManifestInstance>;

/** The members of a group, written once when it is sealed. Series in the order of their first instance's arrival. */
export const GroupManifest = z.object({
  groupId: z.string(),
  aeTitle: z.string(),
  groupBy: z.array(z.string()),
  sealedAt: Milliseconds,
  /** Of a rerun: the latest generation whose instances it repeats. */
  supersedes: z.string().optional(),
  series: z.array(
    z.object({
      patientId: z.string(),
      issuerOfPatientId: z.string(),
      studyInstanceUid: z.string(),
      seriesInstanceUid: z.string(),
      /** Of the instance of the series that was received first. */
      attributes: HeaderAttributes,
      /** In the order of arrival. */
      instances: z.array(ManifestInstance),
    }),
  ),
});
export type GroupManifest = z.infer<typeof GroupManifest>;

/** Where the graph of a session lies that is too large for the session's own partition: see graph-keys.ts. */
export const SpreadGraph = z.object({ writer: z.string(), partitions: z.int().min(1) });
export type SpreadGraph = z.infer<typeof SpreadGraph>;

export const SessionItem = z.object({
  id: z.string(),
  groupId: z.string(),
  aeTitle: z.string(),
  /** The id of the pipeline, and the name that the AE title gives it. */
  pipeline: z.string(),
  pipelineName: z.string(),
  priority: Priority,
  state: SessionState,
  run: z.int().min(1),
  /** Of the platform, when it was created. Absent where nothing has versions, and when they are not there any more. */
  versions: PlatformVersions.optional(),
  /** How often its graph was reset for a retry; absent before the first. */
  epoch: z.int().min(1).optional(),
  /** Absent: in the session's own partition, if there is one. Never changes once it is there. */
  graph: SpreadGraph.optional(),
  /** Of that kind, all whose storing was begun; the session's own is one of them. */
  begun: z.array(SpreadGraph).optional(),
  /** A person wants it to end: its jobs are cancelled wherever they stand. */
  cancelledAt: Milliseconds.optional(),
  createdAt: Milliseconds,
  startedAt: Milliseconds.optional(),
  endedAt: Milliseconds.optional(),
  reason: z.string().optional(),
  /** The task token on which the session's execution waits for its jobs. */
  token: z.string().optional(),
  studies: z.array(z.string()),
  instanceCount: z.int(),
});
export type SessionItem = z.infer<typeof SessionItem>;

export const JobError = z.object({ type: z.string(), message: z.string(), traceback: z.string() });
export type JobError = z.infer<typeof JobError>;

/** A try of a job that failed and was followed by another. */
export const FailedTry = z.object({
  attempt: z.int().min(1),
  state: z.enum(['FAILED', 'TIMED_OUT']),
  /** Why, in a sentence. */
  reason: z.string(),
  startedAt: Milliseconds.optional(),
  endedAt: Milliseconds,
});
export type FailedTry = z.infer<typeof FailedTry>;

/** One node of a session's graph. Barriers and the two platform nodes have neither service nor object. */
export const JobItem = z.object({
  id: z.string(),
  sessionId: z.string(),
  nodeId: z.string(),
  kind: NodeKind,
  name: z.string(),
  state: JobState,
  /** Why the job is in its state, when that is not plain: for every skipped or failed one, in a sentence. */
  reason: z.string().optional(),
  /** True when it was skipped because a registry callback broke: such a session is not a success. */
  broken: z.boolean().optional(),
  /** True when it was skipped because pre-services failed: then nothing after it runs either. */
  stopped: z.boolean().optional(),
  /** How many incoming edges are left. */
  waiting: z.int().min(0),
  /** Of the retry that reset it: the fence against who still works on what was before. */
  epoch: z.int().min(1).optional(),
  /** Node ids, as the service's `dependsOn` says. */
  dependsOn: z.array(z.string()),
  priority: Priority,
  service: z.string().optional(),
  serviceHash: z.string().optional(),
  worker: z.string().optional(),
  /** Of the worker's version that the session was planned with; absent for the default worker. */
  workerHash: z.string().optional(),
  workerEntry: z.string().optional(),
  event: StableEvent.optional(),
  object: z.object({ level: Level, uid: z.string() }).optional(),
  /** The `_id` of the object's headers; with it, the object's document is found. */
  objectId: z.string().optional(),
  timeoutSeconds: z.int().optional(),
  keepWarm: KeepWarm.optional(),
  /** Limit of its callback; at most what its runner gives a job. */
  memoryMiB: z.int().optional(),
  /** When its callback fails: how often it is tried in all, and the seconds before the second try. */
  retry: RetryRule.required().optional(),
  failedTries: z.array(FailedTry).optional(),
  /** The next try is not to begin before this. */
  notBefore: Milliseconds.optional(),
  /** Counts executions of the job state machine: 0 before the first. */
  run: z.int().min(0),
  /** Counts leases by runners; the fence that a result is written against. */
  attempt: z.int().min(0),
  /** What attempts up to this one bring counts no more: the job was reset for a retry after them. */
  voidAttempts: z.int().min(0).optional(),
  /** How many attempts were lost with their runner. */
  lostAttempts: z.int().min(0),
  runnerId: z.string().optional(),
  queuedAt: Milliseconds.optional(),
  startedAt: Milliseconds.optional(),
  endedAt: Milliseconds.optional(),
  /** The callback's return value as JSON text; absent when it is in the bucket (over 32 KiB). */
  resultJson: z.string().optional(),
  resultInBucket: z.boolean().optional(),
  error: JobError.optional(),
});
export type JobItem = z.infer<typeof JobItem>;

export const EdgeItem = z.object({
  sessionId: z.string(),
  from: z.string(),
  to: z.string(),
  kind: EdgeKind,
  /** That of its target. */
  epoch: z.int().min(1).optional(),
});
export type EdgeItem = z.infer<typeof EdgeItem>;

/**
 * One series, study or patient of a session, as its jobs see it: an object in the bucket. `headers` is the
 * document of dcm-processor; `addedParams` holds what the registry callbacks of all passing jobs added.
 */
export const SessionObject = z.object({
  sessionId: z.string(),
  objectId: z.string(),
  level: Level,
  uid: z.string(),
  event: StableEvent,
  headers: JsonObject,
  params: z.record(z.string(), JsonObject),
  addedParams: JsonObject,
  /** Headers as dcm-processor 1 has them, and the names of the jobs that were written for it. */
  v1: z.object({ headers: JsonObject, jobs: z.array(z.string()) }).optional(),
});
export type SessionObject = z.infer<typeof SessionObject>;

/**
 * What was planned for a session: an object in the bucket, put if absent before anything of it is written
 * elsewhere. Of two that plan the same session at the same time, both write the plan of the first.
 */
export const SessionPlan = z.object({
  /** All nodes, those of skipped jobs included. */
  jobs: z.array(JobItem),
  edges: z.array(EdgeItem),
  /** One for each object that has a job to run. */
  objects: z.array(SessionObject),
  /** How many services' jobs will run; without any there is neither a platform node nor an edge. */
  runnable: z.int().min(0),
  /** Why nothing will run, in a sentence; absent when something will. */
  emptyBecause: z.string().optional(),
  /** Services that the pipeline names and nobody has installed. */
  missingServices: z.array(z.string()),
  /** What the pipeline's rule said, and when it was asked. */
  rule: RuleOutcome.extend({ at: Milliseconds }).optional(),
});
export type SessionPlan = z.infer<typeof SessionPlan>;

/** A runner's place in its pool; counted by those who decide whether another is needed. */
export const RunnerLease = z.object({
  worker: z.string(),
  runnerId: z.string(),
  leaseUntil: Milliseconds,
  taskArn: z.string().optional(),
  /** On Spot capacity: takes no jobs of the priorities that are never interrupted. */
  spot: z.boolean().optional(),
  /** Of the callbacks that it calls; told when it has started. */
  isolation: Isolation.optional(),
});
export type RunnerLease = z.infer<typeof RunnerLease>;

/** One of the tasks that a docker worker may have at a time, and the run of a job (an execution's name) that has it. */
export const TaskPlace = z.object({ place: z.string(), holder: z.string() });
export type TaskPlace = z.infer<typeof TaskPlace>;

/** How it is with the certificate of the listener's TLS port, and when a listener last said so. */
export const CertificateItem = z.object({
  /** Absent: it has none, and the port is closed. */
  expiresAt: Milliseconds.optional(),
  /** Why the certificate that is there to be taken is not in use. */
  problem: z.string().optional(),
  reportedAt: Milliseconds,
});
export type CertificateItem = z.infer<typeof CertificateItem>;

/** The stored reason why something did or did not happen. */
export const DecisionRecord = z.object({
  id: z.string(),
  at: Milliseconds,
  /** A stable code, such as `association-rejected`. */
  code: z.string(),
  /** A sentence for a person, with the remedy if there is one. */
  message: z.string(),
  aeTitle: z.string().optional(),
  callingAeTitle: z.string().optional(),
  remoteAddress: z.string().optional(),
  studyInstanceUid: z.string().optional(),
  sopInstanceUid: z.string().optional(),
  groupId: z.string().optional(),
  sessionId: z.string().optional(),
  jobId: z.string().optional(),
  /** Of a rule: every value that it read. */
  readings: z.array(RuleReading).optional(),
});
export type DecisionRecord = z.infer<typeof DecisionRecord>;
