/** What the states of jobs and sessions mean: which are final, and which count as failed. */
import type { JobState, SessionState } from '../contracts/vocabulary.ts';

const TERMINAL_JOB: Readonly<Record<JobState, boolean>> = {
  WAITING: false,
  QUEUED: false,
  RUNNING: false,
  SUCCEEDED: true,
  FAILED: true,
  TIMED_OUT: true,
  CANCELLED: true,
  SKIPPED: true,
};

const TERMINAL_SESSION: Readonly<Record<SessionState, boolean>> = {
  PLANNING: false,
  RUNNING: false,
  SUCCEEDED: true,
  FAILED: true,
  CANCELLED: true,
  EMPTY: true,
};

/** True when the job has ended: its state never changes again. */
export const isTerminalJobState = (state: JobState): boolean => TERMINAL_JOB[state];

/** True when the session has ended: its state never changes again. */
export const isTerminalSessionState = (state: SessionState): boolean => TERMINAL_SESSION[state];

/** True while a run of the job is somebody's: its execution, its message or its runner. */
export const isActiveJobState = (state: JobState): boolean =>
  state === 'QUEUED' || state === 'RUNNING';

/** True for an outcome that makes a session FAILED. */
export const isFailedJobState = (state: JobState): boolean =>
  state === 'FAILED' || state === 'TIMED_OUT';
