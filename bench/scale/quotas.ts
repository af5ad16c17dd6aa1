/**
 * What AWS allows in a new account of a large Region, as far as a study uses it; whether it can be raised, and where.
 * Read on the date of bench/cost/prices.ts; `gantry` settings are those of the site or of a worker.
 */
import { SESSION_TRANSITIONS, JOB_TRANSITIONS, STUDY_CALLS } from '../cost/study.ts';

export interface Limit {
  readonly name: string;
  /** In the unit of the name. */
  readonly allows: number;
  /** What each study that arrives in a second asks of it. */
  readonly perStudyRate?: number;
  /** What moves it. */
  readonly setting: string;
}

/** Jobs of a study: core of the model of bench/cost. */
const JOBS = 4;

/** Those that grow with the studies of a second, averaged over a minute: bursts shorter than that are buffered by queues. */
export const RATE_LIMITS: readonly Limit[] = [
  {
    name: 'Step Functions: StartExecution per second',
    allows: 300,
    perStudyRate: 1 + JOBS,
    setting: 'service quota of Step Functions (1,300 tokens of burst come first)',
  },
  {
    name: 'Step Functions: state transitions per second',
    allows: 5000,
    perStudyRate: SESSION_TRANSITIONS + JOBS * JOB_TRANSITIONS,
    setting: 'service quota of Step Functions',
  },
  {
    name: 'DynamoDB: write units per second, table',
    allows: 40_000,
    perStudyRate: STUDY_CALLS.tableWriteUnits,
    setting: 'service quota of DynamoDB; a table that is new begins at 4,000',
  },
  {
    name: 'DynamoDB: write units per second, one partition of the index (groups that collect)',
    allows: 1000,
    // A touch moves the entry of its group: two units; twice a second while a study arrives.
    perStudyRate: 2 * 100,
    setting: 'code: more partitions for the state COLLECTING in core/contracts/keys.ts',
  },
  {
    name: 'S3: puts per second, one prefix',
    allows: 3500,
    perStudyRate: STUDY_CALLS.objectPuts,
    setting: 'nothing: S3 splits prefixes under load, and object keys begin with a hash',
  },
  {
    name: 'Lambda: plans at a time (a plan takes 2 s)',
    allows: 4,
    perStudyRate: 2,
    setting: 'QUEUE_LAMBDAS.plan.concurrency in infra/stacks/orchestration-stack.ts',
  },
  {
    name: 'Listener: instances per second (150 for each task)',
    allows: 2 * 150,
    perStudyRate: 500,
    setting: '`listener.tasks` of the site',
  },
  {
    name: 'VPN: megabytes per second (1.25 Gbit/s)',
    allows: 156,
    perStudyRate: 250,
    setting: 'a second connection with ECMP on a Transit Gateway, or Direct Connect',
  },
];
