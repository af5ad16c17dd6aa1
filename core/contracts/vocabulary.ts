/**
 * The words that cross every boundary: states, levels, events, priorities. One list each, so that the
 * table, the messages, the API and the documentation cannot drift apart. Meanings: docs/architecture.md.
 */
import { z } from 'zod';

/** Highest first: the order in which a runner takes waiting jobs. */
export const PRIORITIES = ['immediate', 'higher', 'normal', 'lower'] as const;
export const Priority = z.enum(PRIORITIES);
export type Priority = z.infer<typeof Priority>;

/** What keeps a callback from all that is not its job's: a user id of its own, bubblewrap, both or neither. */
export const ISOLATIONS = ['user-ids-and-sandbox', 'user-ids', 'sandbox', 'none'] as const;
export const Isolation = z.enum(ISOLATIONS);
export type Isolation = z.infer<typeof Isolation>;

export const GROUP_STATES = ['COLLECTING', 'CLAIMED', 'RELEASED'] as const;
export const GroupState = z.enum(GROUP_STATES);
export type GroupState = z.infer<typeof GroupState>;

/** What becomes of an instance that comes after its group was released: docs/architecture.md, "Late instances". */
export const LATE_POLICIES = ['new', 'rerun', 'hold'] as const;
export const LatePolicy = z.enum(LATE_POLICIES);
export type LatePolicy = z.infer<typeof LatePolicy>;

/** A data set whose SOP class or instance is not that of its C-STORE request. */
export const UID_MISMATCH_POLICIES = ['refuse', 'store'] as const;
export const UidMismatchPolicy = z.enum(UID_MISMATCH_POLICIES);
export type UidMismatchPolicy = z.infer<typeof UidMismatchPolicy>;

/** A data set that cannot be read as far as the attributes that say where it belongs. */
export const UNPARSABLE_POLICIES = ['unrouted', 'refuse'] as const;
export const UnparsablePolicy = z.enum(UNPARSABLE_POLICIES);
export type UnparsablePolicy = z.infer<typeof UnparsablePolicy>;

/** A SOP instance that an AE title has already, with other bytes. */
export const DUPLICATE_POLICIES = ['keepBoth', 'keepFirst', 'replace'] as const;
export const DuplicatePolicy = z.enum(DUPLICATE_POLICIES);
export type DuplicatePolicy = z.infer<typeof DuplicatePolicy>;

/** A SOP instance that an AE title has already, with the same bytes: whether its group waits on for it. */
export const RESEND_POLICIES = ['acknowledge', 'restart'] as const;
export const ResendPolicy = z.enum(RESEND_POLICIES);
export type ResendPolicy = z.infer<typeof ResendPolicy>;

/** What becomes of a group whose time runs out before its declared inputs are there. */
export const INCOMPLETE_POLICIES = ['run', 'hold', 'discard'] as const;
export const IncompletePolicy = z.enum(INCOMPLETE_POLICIES);
export type IncompletePolicy = z.infer<typeof IncompletePolicy>;

/** What the count of a declared input is about. */
export const COUNTED_THINGS = ['instances', 'series', 'studies'] as const;
export const CountedThing = z.enum(COUNTED_THINGS);

export const SESSION_STATES = [
  'PLANNING',
  'RUNNING',
  'SUCCEEDED',
  'FAILED',
  'CANCELLED',
  'EMPTY',
] as const;
export const SessionState = z.enum(SESSION_STATES);
export type SessionState = z.infer<typeof SessionState>;

/** In which nothing happens any more, unless a person retries the session. */
export const ENDED_SESSION_STATES: ReadonlySet<SessionState> = new Set([
  ...(['SUCCEEDED', 'FAILED', 'CANCELLED', 'EMPTY'] as const),
]);

export const JOB_STATES = [
  'WAITING',
  'QUEUED',
  'RUNNING',
  'SUCCEEDED',
  'FAILED',
  'TIMED_OUT',
  'CANCELLED',
  'SKIPPED',
] as const;
export const JobState = z.enum(JOB_STATES);
export type JobState = z.infer<typeof JobState>;

/** The three moments at which a service's jobs may run; the names are dcm-processor's. */
export const EVENTS = ['stable-series', 'stable-study', 'stable-patient'] as const;
export const StableEvent = z.enum(EVENTS);
export type StableEvent = z.infer<typeof StableEvent>;

/** The levels of the DICOM information model that a job's object can have (PS3.3 section A.1.2). */
export const LEVELS = ['series', 'study', 'patient'] as const;
export const Level = z.enum(LEVELS);
export type Level = z.infer<typeof Level>;

export const LEVEL_OF_EVENT = {
  'stable-series': 'series',
  'stable-study': 'study',
  'stable-patient': 'patient',
} as const satisfies Record<StableEvent, Level>;

/**
 * What a node of a session's graph is. `job` is a service's; `pre-services` and `post-services` are the
 * platform's own first and last node; a `barrier` joins two levels without an edge for every pair and is
 * never shown to a person.
 */
export const NODE_KINDS = ['job', 'pre-services', 'post-services', 'barrier'] as const;
export const NodeKind = z.enum(NODE_KINDS);
export type NodeKind = z.infer<typeof NodeKind>;

/** `requires`: the source must have succeeded. `after`: it must have ended, whatever the outcome. */
export const EDGE_KINDS = ['requires', 'after'] as const;
export const EdgeKind = z.enum(EDGE_KINDS);
export type EdgeKind = z.infer<typeof EdgeKind>;
