/**
 * The JSON shapes of what the API tells about received and running things: groups, instances, sessions, jobs,
 * decisions, status. The OpenAPI document, the checks and the CLI's types all come from these schemas.
 * Configuration: api-configuration.ts, packages: api-packages.ts. Conversions from items: api-conversion.ts.
 */
import { z } from 'zod';
import { Problem, ProblemDetail } from './api-problem.ts';
import { JobError } from './items.ts';
import { RULE_OUTCOMES, RuleReading } from './rules.ts';
import {
  GroupState,
  JobState,
  LatePolicy,
  Level,
  Priority,
  SessionState,
  StableEvent,
} from './vocabulary.ts';

/** Schemas by the name that they have in the OpenAPI document. */
export const apiSchemas = z.registry<{ id: string }>();

export const named = <T extends z.ZodType>(id: string, schema: T): T => {
  apiSchemas.add(schema, { id });
  return schema;
};

named('ProblemDetail', ProblemDetail);
named('Problem', Problem);

/** A page of a listing; `next` is what to pass as `next` for the following page, null on the last one. */
export const pageOf = <T extends z.ZodType>(id: string, item: T) =>
  named(id, z.object({ items: z.array(item), next: z.string().nullable() }));

export interface Page<T> {
  items: T[];
  next: string | null;
}

/** ISO 8601 in UTC with milliseconds. */
const Time = z.iso.datetime({ precision: 3 });

/** One keyword, or several of a composite key; the levels by Clara's names. */
export const GroupBy = z
  .union([z.string(), z.array(z.string()).min(1)])
  .describe('Patient, Study, Series, a keyword or (gggg,eeee); or a list of these');

export const Group = named(
  'Group',
  z.object({
    id: z.string(),
    aeTitle: z.string(),
    processor: z.string(),
    groupBy: GroupBy,
    /** The value of the key's attribute; of a composite key all values with a backslash between them. */
    key: z.string(),
    keyValues: z.array(z.string()),
    generation: z.int(),
    state: GroupState,
    priority: Priority,
    pipelines: z.record(z.string(), z.string()),
    timeout: z.number().describe('seconds'),
    instanceCount: z.int(),
    firstReceivedAt: Time,
    lastReceivedAt: Time,
    dueAt: Time.nullable().describe('null: it is held, and due only when a person says so'),
    releasedAt: Time.nullable(),
    closedBecause: z.string().nullable(),
    sessions: z.array(z.string()),
    held: z.boolean(),
    late: LatePolicy.nullable().describe('the policy by which it was opened, if it came late'),
    supersedes: z.string().nullable().describe('of a rerun: the group that it repeats'),
    legalHold: z.string().nullable().describe('why nothing of it may be deleted'),
    reclaimedAt: z.iso
      .datetime({ precision: 3 })
      .nullable()
      .describe('when its images were deleted'),
  }),
);
export type Group = z.infer<typeof Group>;

export const HoldRequest = named('HoldRequest', z.strictObject({ reason: z.string().min(1) }));

export const TimelineEntry = named(
  'TimelineEntry',
  z.object({
    at: Time,
    /** Of what took some time: its end. */
    until: Time.nullable(),
    event: z.enum(['opened', 'received', 'due-moved', 'held', 'claimed', 'sealed', 'released']),
    message: z.string(),
    callingAeTitle: z.string().nullable(),
    associationId: z.string().nullable(),
    count: z.int().nullable(),
    /** Of what moved the due time: when the group was due after it. */
    dueAt: Time.nullable(),
  }),
);
export type TimelineEntry = z.infer<typeof TimelineEntry>;

/** Shown alone: with its story. */
export const GroupDetail = named('GroupDetail', Group.extend({ timeline: z.array(TimelineEntry) }));
export type GroupDetail = z.infer<typeof GroupDetail>;
export const GroupPage = pageOf('GroupPage', Group);

export const Instance = named(
  'Instance',
  z.object({
    sopInstanceUid: z.string(),
    sopClassUid: z.string(),
    transferSyntaxUid: z.string(),
    studyInstanceUid: z.string(),
    seriesInstanceUid: z.string(),
    patientId: z.string(),
    size: z.int().describe('bytes'),
    sha256: z.string(),
    callingAeTitle: z.string(),
    receivedAt: Time,
    objectKey: z.string(),
  }),
);
export type Instance = z.infer<typeof Instance>;
export const InstancePage = pageOf('InstancePage', Instance);

export const Unrouted = named(
  'Unrouted',
  Instance.extend({ id: z.string(), aeTitle: z.string(), reason: z.string() }),
);
export type Unrouted = z.infer<typeof Unrouted>;
export const UnroutedPage = pageOf('UnroutedPage', Unrouted);

/** Where to: an AE title, by whose rules it is grouped. */
export const RouteRequest = named('RouteRequest', z.strictObject({ to: z.string().min(1) }));

export const Routed = named(
  'Routed',
  z.object({
    aeTitle: z.string(),
    groupId: z
      .string()
      .nullable()
      .describe('null: a released group has it already, or a processor that makes none'),
  }),
);
export type Routed = z.infer<typeof Routed>;

const sessionFields = {
  id: z.string(),
  groupId: z.string(),
  aeTitle: z.string(),
  pipeline: z.string(),
  pipelineName: z.string(),
  priority: Priority,
  state: SessionState,
  reason: z.string().nullable(),
  createdAt: Time,
  startedAt: Time.nullable(),
  endedAt: Time.nullable(),
  studies: z.array(z.string()),
  instanceCount: z.int(),
};

export const Job = named(
  'Job',
  z.object({
    id: z.string(),
    sessionId: z.string(),
    /** The `jobName`, or `pre-services` / `post-services`. */
    name: z.string(),
    service: z.string().nullable(),
    worker: z.string().nullable(),
    event: StableEvent.nullable(),
    object: z.object({ level: Level, uid: z.string() }).nullable(),
    state: JobState,
    reason: z.string().nullable(),
    dependsOn: z.array(z.string()),
    attempts: z.int(),
    failedTries: z
      .array(
        z.object({
          attempt: z.int(),
          state: z.enum(['FAILED', 'TIMED_OUT']),
          reason: z.string(),
          startedAt: Time.nullable(),
          endedAt: Time,
        }),
      )
      .describe('tries that failed and were followed by another, as the job’s retry says'),
    priority: Priority,
    timeout: z.int().nullable().describe('seconds'),
    queuedAt: Time.nullable(),
    startedAt: Time.nullable(),
    endedAt: Time.nullable(),
    result: z.unknown(),
    /** True when the result is too large to stand here: GET /jobs/{id}/result has it. */
    resultElsewhere: z.boolean(),
    error: JobError.nullable(),
  }),
);
export type Job = z.infer<typeof Job>;
export const JobPage = pageOf('JobPage', Job);

/** In a listing: jobs by id. */
export const SessionSummary = named(
  'SessionSummary',
  z.object({ ...sessionFields, jobs: z.array(z.string()) }),
);
export type SessionSummary = z.infer<typeof SessionSummary>;
export const SessionPage = pageOf('SessionPage', SessionSummary);

/** Shown alone: jobs as objects, skipped ones included. */
export const Session = named('Session', z.object({ ...sessionFields, jobs: z.array(Job) }));
export type Session = z.infer<typeof Session>;

/** Which jobs of a session to run again; without either, those that did not end well. */
export const RetryRequest = named(
  'RetryRequest',
  z.strictObject({
    job: z.string().optional().describe('the name or the id of a job: only that, for every object'),
    all: z.boolean().optional().describe('every job, those that succeeded too'),
  }),
);

export const Decision = named(
  'Decision',
  z.object({
    id: z.string(),
    at: Time,
    code: z.string(),
    message: z.string(),
    aeTitle: z.string().nullable(),
    callingAeTitle: z.string().nullable(),
    remoteAddress: z.string().nullable(),
    studyInstanceUid: z.string().nullable(),
    sopInstanceUid: z.string().nullable(),
    groupId: z.string().nullable(),
    sessionId: z.string().nullable(),
    jobId: z.string().nullable(),
    readings: z.array(RuleReading).nullable().describe('of a rule: every value that it read'),
  }),
);
export type Decision = z.infer<typeof Decision>;
export const DecisionPage = pageOf('DecisionPage', Decision);

/** A rule to be tried on a group; nothing of it is stored. */
export const RuleRequest = named('RuleRequest', z.strictObject({ rule: z.string() }));

export const RuleTrial = named(
  'RuleTrial',
  z.object({
    outcome: z.enum(RULE_OUTCOMES),
    reason: z.string().nullable(),
    detail: z.string().nullable(),
    readings: z.array(RuleReading),
  }),
);
export type RuleTrial = z.infer<typeof RuleTrial>;

export const Health = named(
  'Health',
  z.object({ status: z.literal('ready'), version: z.string(), deployment: z.string() }),
);

export const AccountReport = named(
  'AccountReport',
  z.object({
    checks: z
      .array(z.object({ check: z.string(), ok: z.boolean(), says: z.string() }))
      .describe('none where the deployment is in no AWS account'),
  }),
);

export const Status = named(
  'Status',
  z.object({
    status: z.literal('ready'),
    version: z.string(),
    openGroups: z.int(),
    heldGroups: z.int(),
    runningSessions: z.int(),
    unrouted: z.int(),
    parkedDeliveries: z.int(),
    reclaiming: z.int().describe('what was handed over to be deleted, and is not done with'),
    queues: z.array(
      z.object({ name: z.string(), waiting: z.int(), inFlight: z.int(), delayed: z.int() }),
    ),
    runners: z.array(z.object({ id: z.string(), worker: z.string(), leaseUntil: Time })),
    problems: z.array(z.string()),
  }),
);
export type Status = z.infer<typeof Status>;

/** Headers of a log's answer: where to go on reading, and whether more can still come. */
export const LOG_HEADERS = {
  nextOffset: 'gantry-next-offset',
  complete: 'gantry-log-complete',
  attempt: 'gantry-attempt',
} as const;
