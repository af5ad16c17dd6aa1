/**
 * Who gets credentials of a docker job's task: the task that is started for a run of the job, and later the attempt
 * that is still at work on it. Whoever asks for another one's gets nothing.
 */
import type { GroupManifest, JobItem, SessionItem } from '../contracts/items.ts';
import { executionName, parseExecutionName, parseJobId } from '../contracts/keys.ts';
import type { CredentialsRequest } from '../contracts/messages.ts';
import type { RenewedCredentials, TaskCredentials } from '../contracts/task-credentials.ts';
import type { SessionStore } from './session-store.ts';
import { taskPolicy, type TaskPolicy, type TaskPolicySite } from './task-policy.ts';

export interface TaskCredentialsDependencies {
  readonly sessions: Pick<SessionStore, 'getJob' | 'getSession'>;
  readonly manifestOf: (groupId: string) => Promise<GroupManifest>;
  /** Credentials of the role that docker jobs have, bounded by the policy; `name` is their holder's. */
  readonly issue: (name: string, policy: TaskPolicy) => Promise<TaskCredentials>;
  readonly putRenewed: (
    sessionId: string,
    nodeId: string,
    renewed: RenewedCredentials,
  ) => Promise<void>;
  readonly site: TaskPolicySite;
}

export const credentialsOf = async (
  { sessions, manifestOf, issue, site }: TaskCredentialsDependencies,
  job: Pick<JobItem, 'id' | 'run' | 'sessionId'>,
): Promise<TaskCredentials> => {
  const session: SessionItem | undefined = await sessions.getSession(job.sessionId);
  if (session === undefined) throw new Error('the job has no session');
  const policy = taskPolicy(session, await manifestOf(session.groupId), site);
  return issue(executionName(job.id, job.run), policy);
};

export type Renewal = 'renewed' | 'refused';

/** `holder` is whose credentials the request was signed with, by the name under which they were issued. */
export const renewCredentials = async (
  deps: TaskCredentialsDependencies,
  { jobId, run, attempt }: CredentialsRequest['renewCredentials'],
  holder: string,
): Promise<Renewal> => {
  const asked = parseExecutionName(holder);
  const ids = parseJobId(jobId);
  if (ids === undefined || asked?.id !== jobId || asked.run !== run) return 'refused';
  const job = await deps.sessions.getJob(ids.sessionId, ids.nodeId);
  if (job?.state !== 'RUNNING' || job.run !== run || job.attempt !== attempt) return 'refused';
  const credentials = await credentialsOf(deps, job);
  await deps.putRenewed(ids.sessionId, ids.nodeId, { attempt, credentials });
  return 'renewed';
};
