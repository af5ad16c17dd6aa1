/**
 * What the programs need of the stored sessions: their items, the jobs and edges of their graphs. Every write
 * that may meet another writer is conditional and says by its answer whether it was done, so that a repeated,
 * concurrent or late call changes nothing twice. Implemented by aws/sessions.ts; the contract is tested there.
 */
import type { EdgeItem, FailedTry, JobError, JobItem, SessionItem } from '../contracts/items.ts';
import type { JobState, SessionState } from '../contracts/vocabulary.ts';

/** A third loss of the runner that has a job ends the job: something about it kills its runners. */
export const MAX_LOST_ATTEMPTS = 3;

/** How a job ended, as its runner or the platform reports it. */
export interface JobOutcome {
  readonly state: Extract<JobState, 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'CANCELLED' | 'SKIPPED'>;
  /** A sentence; for every outcome but success. */
  readonly reason?: string;
  readonly error?: JobError;
  /** The callback's return value as JSON text; with `resultInBucket` it is in the bucket instead. */
  readonly resultJson?: string;
  readonly resultInBucket?: boolean;
}

/** What a retry writes of a session's graph: the nodes that begin anew, and the edges between them. */
export interface GraphReset {
  readonly state: Extract<SessionState, 'PLANNING' | 'RUNNING'>;
  readonly jobs: readonly JobItem[];
  readonly edges: readonly EdgeItem[];
}

export type LeaseAnswer =
  | { readonly outcome: 'leased'; readonly job: JobItem }
  /** The message is of another run of the job, or there is no such job: delete it. */
  | { readonly outcome: 'stale' }
  /** The job has ended: answer the message's token once more and delete it. */
  | { readonly outcome: 'terminal'; readonly job: JobItem }
  /** This call made the job FAILED, because its runner was lost for the third time. */
  | { readonly outcome: 'lost-too-often'; readonly job: JobItem };

export interface SessionStore {
  /** Writes the session and its entries in the index by study. False when it exists: nothing is changed then. */
  createSession(session: SessionItem): Promise<boolean>;
  getSession(sessionId: string): Promise<SessionItem | undefined>;
  /** All nodes of the graph, barriers included, in the order in which they were planned. */
  getJobs(sessionId: string): Promise<JobItem[]>;
  getJob(sessionId: string, nodeId: string): Promise<JobItem | undefined>;
  /** The edges that are not released yet. */
  getEdges(sessionId: string): Promise<EdgeItem[]>;
  getEdgesFrom(sessionId: string, nodeId: string): Promise<EdgeItem[]>;
  /** The session's ids in a state, the session last created first; the index follows within moments. */
  listSessions(state: SessionState, limit?: number): Promise<SessionItem[]>;
  /** Sessions in which a study is, by its UID. */
  listSessionsOfStudy(studyInstanceUid: string): Promise<string[]>;

  /**
   * Writes a planned graph, then turns the session from PLANNING to RUNNING with `startedAt`, and with the
   * `reason` of `session` if it has one (why nothing applied). Of several calls, concurrent or after a crash,
   * exactly one graph is the session's: that of the first to be done. Until then nobody sees anything of it.
   * False when the session is not PLANNING any more.
   */
  storePlan(
    session: Pick<SessionItem, 'id' | 'reason'>,
    jobs: readonly JobItem[],
    edges: readonly EdgeItem[],
    startedAt: number,
  ): Promise<boolean>;
  /** Of a session that has its graph: deletes what else was stored as one, by planners that died over it. */
  removeOtherGraphs(session: Pick<SessionItem, 'id' | 'graph' | 'begun'>): Promise<void>;
  /** Keeps the token that the run of the session waits on. False when the session is at another run or has ended. */
  setToken(sessionId: string, run: number, token: string): Promise<boolean>;
  /** PLANNING or RUNNING at `run` → the same at `run + 1`, without a token. False when it is at another run or has ended. */
  restartSession(sessionId: string, run: number): Promise<boolean>;
  /** Takes away the versions that a session began with, if it still has them. False when it had none: a caller was first. */
  forgetVersions(sessionId: string): Promise<boolean>;
  /** Notes on a PLANNING or RUNNING session that a person wants it to end. False when it has ended. */
  requestCancel(sessionId: string, cancelledAt: number): Promise<boolean>;
  /**
   * A session that ended at `run` → PLANNING or RUNNING at `run + 1`, with what `reset` makes of its nodes and
   * of the number of this retry; edges that are not among the new ones go. Of several calls, concurrent or
   * after a crash, exactly one graph is the session's in the end: a later call takes over from an earlier
   * unfinished one. False when the session is at another run, has not ended, or when a later call took over.
   */
  retrySession(
    sessionId: string,
    run: number,
    reset: (jobs: readonly JobItem[], epoch: number) => GraphReset,
  ): Promise<boolean>;
  /** PLANNING or RUNNING, at `run` if that is given → a final state. False when it is not so. */
  finishSession(
    sessionId: string,
    outcome: {
      readonly state: Extract<SessionState, 'SUCCEEDED' | 'FAILED' | 'CANCELLED' | 'EMPTY'>;
      readonly reason?: string;
      readonly endedAt: number;
      readonly run?: number;
    },
  ): Promise<boolean>;

  /**
   * One transaction: deletes the edge of that epoch and decrements its target's `waiting`. False when the edge
   * was gone: somebody else has released it.
   */
  releaseEdge(edge: EdgeItem): Promise<boolean>;
  /** WAITING and nothing to wait for → QUEUED with `run + 1`. The job after it, or undefined when it was not so. */
  queueJob(sessionId: string, nodeId: string, queuedAt: number): Promise<JobItem | undefined>;
  /** QUEUED or RUNNING at `run` → QUEUED with `run + 1`. Undefined when it is at another run or has ended. */
  requeueJob(
    sessionId: string,
    nodeId: string,
    run: number,
    queuedAt: number,
  ): Promise<JobItem | undefined>;
  /** WAITING in that epoch → SKIPPED. False when it is not so. */
  skipJob(
    sessionId: string,
    nodeId: string,
    why: {
      readonly reason: string;
      readonly stopped: boolean;
      readonly epoch: number | undefined;
    },
    endedAt: number,
  ): Promise<boolean>;
  /** A service's job that has not ended, in that epoch → CANCELLED. The job after it, or undefined when it is not so. */
  cancelJob(
    sessionId: string,
    nodeId: string,
    why: { readonly reason: string; readonly epoch: number | undefined },
    endedAt: number,
  ): Promise<JobItem | undefined>;
  /** Says on a QUEUED job of that run why nothing happens with it. False when it is QUEUED no more. */
  noteQueued(sessionId: string, nodeId: string, run: number, reason: string): Promise<boolean>;
  /**
   * A runner takes a run of a job: QUEUED or RUNNING → RUNNING with `attempt + 1`. That it finds the job
   * RUNNING means that the attempt before was lost with its runner, which is counted.
   */
  leaseJob(
    sessionId: string,
    nodeId: string,
    run: number,
    runnerId: string,
    startedAt: number,
  ): Promise<LeaseAnswer>;
  /**
   * RUNNING at `attempt` → QUEUED in the same run: a runner that was told to stop hands the job on. Not a lost
   * attempt. False when another attempt holds the job or it has ended.
   */
  handBackJob(sessionId: string, nodeId: string, attempt: number): Promise<boolean>;
  /** QUEUED or RUNNING at `attempt` → terminal. False when another attempt holds the job or it has ended. */
  finishJob(
    sessionId: string,
    nodeId: string,
    attempt: number,
    outcome: JobOutcome,
    endedAt: number,
  ): Promise<boolean>;
  /**
   * RUNNING at the attempt of `failed` → QUEUED with `run + 1`, not to begin before `notBefore`: the try is kept
   * in `failedTries`, and `reason` says what is waited for. False when another attempt holds the job or it has
   * ended.
   */
  retryJob(
    sessionId: string,
    nodeId: string,
    failed: FailedTry,
    next: { readonly notBefore: number; readonly reason: string },
  ): Promise<boolean>;

  /**
   * Takes a node that the platform runs itself: WAITING with nothing to wait for → RUNNING; or RUNNING since
   * before `staleBefore`, whose taker must have died. True for the one who now has it.
   */
  beginPlatformNode(
    sessionId: string,
    nodeId: string,
    startedAt: number,
    staleBefore: number,
  ): Promise<boolean>;
  /**
   * A node that the platform runs itself, in that epoch: WAITING with nothing to wait for, or RUNNING →
   * terminal. False when it is not so.
   */
  finishPlatformNode(
    sessionId: string,
    nodeId: string,
    epoch: number | undefined,
    outcome: JobOutcome,
    endedAt: number,
  ): Promise<boolean>;
}

/** Names a value of the session data that service code keeps from one job to another. */
export interface SessionDataKey {
  readonly event: string;
  readonly jobName: string;
  readonly objectId: string;
  readonly name: string;
}

/** An attempt of a job, while it is the one that counts: only it may write. */
export interface DataWriter {
  readonly nodeId: string;
  readonly attempt: number;
}

/** `fenced`: the job is not that attempt's any more, and nothing was changed. */
export type DataWrite = 'done' | 'fenced';

/** What service code keeps between the jobs of a session: JSON values by name. Ends with the session. */
export interface SessionDataStore {
  /** `valueJson` is JSON text of at most 380 KiB; larger ones are refused with {@link SessionDataTooLarge}. */
  putValue(
    sessionId: string,
    writer: DataWriter,
    key: SessionDataKey,
    valueJson: string,
  ): Promise<DataWrite>;
  getValue(sessionId: string, key: SessionDataKey): Promise<string | undefined>;
  removeValue(
    sessionId: string,
    writer: DataWriter,
    key: SessionDataKey,
  ): Promise<DataWrite | 'absent'>;
  listValues(sessionId: string): Promise<SessionDataKey[]>;
  /** Deletes all values of a session, and the note that they are kept; how many values there were. */
  removeAllValues(sessionId: string): Promise<number>;
  /** Notes that the data of a session, values and files, can be used until then; a later note takes its place. */
  keepUntil(sessionId: string, until: number): Promise<void>;
  /** True from the note on until the values are removed. */
  isKept(sessionId: string): Promise<boolean>;
  /** Sessions whose data were to be kept until `now` at most, those first that have waited longest. */
  listKept(now: number, limit: number): Promise<string[]>;
}

/** An item of the table holds 400 KB, its key included. */
export const MAX_SESSION_DATA_BYTES = 380 * 1024;

/** A value of the session data does not fit into an item: the service should keep it as a session file. */
export class SessionDataTooLarge extends Error {
  override readonly name = 'SessionDataTooLarge';
  readonly bytes: number;

  constructor(bytes: number) {
    super(
      `a value of the session data has ${bytes} bytes; at most ${MAX_SESSION_DATA_BYTES} can be kept`,
    );
    this.bytes = bytes;
  }
}
