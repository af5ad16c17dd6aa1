/**
 * How often a study of 500 instances calls what has a price, on its way through Gantry. Tests count the calls of
 * receiving it and the states of the machines; what is said of jobs' items and of functions' time is an estimate,
 * and ten times as much of it would be half a dollar. Its jobs are those of a usual service: one on a GPU, three without.
 */

/** The study that everything is computed for. */
export const STUDY = {
  instances: 500,
  megabytes: 250,
  /** Seconds from the first to the last instance, at ten a second: what a modality does. */
  receptionSeconds: 50,
  jobs: 4,
  /** Returned through the VPN. */
  resultMegabytes: 20,
  gpuSeconds: 180,
  cpuJobSeconds: 60,
  /** Of our programs at their default level, and of the platform's own lines; what services print goes to the bucket. */
  logMegabytes: 0.3,
} as const;

/** Write units of one instance: its item and the pointer by SOP Instance UID, of at most 1 KB each. */
export const INSTANCE_WRITE_UNITS = 2;

/** Objects put for one instance. */
export const INSTANCE_PUTS = 1;

/** Write units of a touch: the group's item and its index entry, which stays where it is. */
const TOUCH_WRITE_UNITS = 2;

/** One touch is good for the instances of this many seconds, while they keep coming: a lease of core/processors/lease.ts. */
export const LEASE_SECONDS = 30;

const LEASES = Math.ceil(STUDY.receptionSeconds / LEASE_SECONDS);

/** Of a study: each lease, and the write that takes the last one back. */
const TOUCHES = LEASES + 1;

/** Of the opening, again in each lease; and the one that releases. */
const CHECKS = LEASES + 2;

/** Opening, claiming, sealing and releasing a group; the session's item three times; each with its index entry. */
const GROUP_AND_SESSION_WRITE_UNITS = 24;

/** Of one job, with its edges: planned, queued, leased, ended, and the edges' transactions at twice the price. */
const JOB_WRITE_UNITS = 18;

/** Objects that a session writes beside the instances: manifest, plan, the documents of its levels; log and result of each job. */
const SESSION_PUTS = 14;

/** Messages for a session (checks, plan, advance twice) and for each of its jobs (work, report, token); each is sent, received, deleted. */
const SESSION_MESSAGES = CHECKS + 3;
const JOB_MESSAGES = 3;
const REQUESTS_PER_MESSAGE = 3;

/** State transitions: an execution's start counts as one. */
export const SESSION_TRANSITIONS = 5;
export const JOB_TRANSITIONS = 3;

/** Invocations and their seconds: checks (the last waits half a second for the due time), plan, advance, finish. */
const LAMBDA = {
  session: { invocations: CHECKS + 5, gigabyteSeconds: 2 },
  job: { invocations: 2, gigabyteSeconds: 0.3 },
} as const;

const { instances, jobs, megabytes } = STUDY;

/** Each for one study. */
export const STUDY_CALLS = {
  objectPuts: instances * INSTANCE_PUTS + SESSION_PUTS,
  /** The planner reads a header of each series, runners stage each instance once for all jobs of a session: twice for two runners. */
  objectGets: 2 * instances + 20,
  tableWriteUnits:
    instances * INSTANCE_WRITE_UNITS +
    TOUCHES * TOUCH_WRITE_UNITS +
    GROUP_AND_SESSION_WRITE_UNITS +
    jobs * JOB_WRITE_UNITS,
  /** Strong reads of the group's partition when it is sealed (4 KB a unit), of sessions, jobs and edges. */
  tableReadUnits: instances / 4 + 100 * jobs,
  sqsRequests: (SESSION_MESSAGES + jobs * JOB_MESSAGES) * REQUESTS_PER_MESSAGE,
  stateTransitions: SESSION_TRANSITIONS + jobs * JOB_TRANSITIONS,
  lambdaRequests: LAMBDA.session.invocations + jobs * LAMBDA.job.invocations,
  lambdaGigabyteSeconds: LAMBDA.session.gigabyteSeconds + jobs * LAMBDA.job.gigabyteSeconds,
  balancerGigabytes: megabytes / 1000,
  outGigabytes: STUDY.resultMegabytes / 1000,
  logGigabytes: STUDY.logMegabytes / 1000,
} as const;
