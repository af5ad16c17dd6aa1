/** Follows a study through the API and tells what happens to it: its group, its session, each job, results. */
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { z } from 'zod';
import { Group, GroupPage, Session, type Job } from '../core/contracts/api.ts';
import type { ApiReader } from './api-client.ts';

const POLL_MS = 150;
/** Short enough to read; the API has the whole. */
const RESULT_FORMAT = {
  depth: 4,
  breakLength: 100,
  maxArrayLength: 24,
  maxStringLength: 60,
} as const;

/** What was to happen did not within its time. */
export class NothingHappened extends Error {
  override readonly name = 'NothingHappened';
}

export interface Follower {
  readonly api: ApiReader;
  readonly write: (line: string) => void;
  readonly signal: AbortSignal;
}

const JOB_ENDED = new Set<Job['state']>([
  'SUCCEEDED',
  'FAILED',
  'TIMED_OUT',
  'CANCELLED',
  'SKIPPED',
]);
const SESSION_OPEN = new Set<Session['state']>(['PLANNING', 'RUNNING']);

const until = async <T>(
  { signal }: Follower,
  what: string,
  seconds: number,
  look: () => Promise<T | undefined>,
): Promise<T> => {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    signal.throwIfAborted();
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) {
      throw new NothingHappened(`${what} did not happen within ${seconds} s`);
    }
    await sleep(POLL_MS);
  }
};

const clockTime = (iso: string | null): string => iso?.slice(11, 23) ?? '            ';

const between = (from: string | null, to: string | null): string =>
  from === null || to === null
    ? ''
    : `${((Date.parse(to) - Date.parse(from)) / 1000).toFixed(2)} s`;

/** A series is named by its place among the session's series: UIDs are long and say nothing. */
const objectNames = (session: Session): ((job: Job) => string) => {
  const uids = new Map<string, string[]>();
  for (const { object } of session.jobs) {
    if (object === null) continue;
    const known = uids.get(object.level) ?? [];
    if (!known.includes(object.uid)) uids.set(object.level, [...known, object.uid]);
  }
  return ({ object }) => {
    if (object === null) return '';
    const place = (uids.get(object.level) ?? []).indexOf(object.uid) + 1;
    return `${object.level} ${place}`;
  };
};

/** The ids of all groups that exist now: what comes later is new. */
export const knownGroups = async (api: ApiReader): Promise<ReadonlySet<string>> => {
  const { items } = await api.get('groups', GroupPage);
  return new Set(items.map(({ id }) => id));
};

/** Tells of the group of `patientId` that is not in `known`; returns it when it has sessions. */
export const followGroup = async (
  follower: Follower,
  patientId: string,
  known: ReadonlySet<string>,
): Promise<Group> => {
  const { api, write } = follower;
  const opened = await until(follower, 'the opening of a group', 30, async () => {
    const { items } = await api.get('groups', GroupPage);
    return items.find((group) => !known.has(group.id) && group.keyValues.includes(patientId));
  });
  write(
    `${clockTime(opened.firstReceivedAt)}  group ${opened.id} of ${opened.aeTitle}: COLLECTING`,
  );
  const patience = opened.timeout + 60;
  const released = await until(follower, 'the release of the group', patience, async () => {
    const group = await api.get(`groups/${opened.id}`, Group);
    return group.state === 'RELEASED' ? group : undefined;
  });
  const quiet = between(released.lastReceivedAt, released.releasedAt);
  write(
    `${clockTime(released.releasedAt)}  group ${released.id}: RELEASED with ` +
      `${released.instanceCount} instances, ${quiet} after the last one`,
  );
  return released;
};

const jobLine = (job: Job, objectName: string): string => {
  const shown = [job.name, objectName]
    .filter((text) => text !== '')
    .join(', ')
    .padEnd(32);
  if (job.state === 'QUEUED') return `${clockTime(job.queuedAt)}    ${shown} QUEUED`;
  if (job.state === 'RUNNING') return `${clockTime(job.startedAt)}    ${shown} RUNNING`;
  const took = between(job.startedAt, job.endedAt);
  const why = [took === '' ? '' : `in ${took}`, job.reason ?? ''].filter((text) => text !== '');
  return `${clockTime(job.endedAt)}    ${shown} ${[job.state, ...why].join(' ')}`;
};

/** Tells of every change of the session and its jobs; returns the session when it has ended. */
export const followSession = async (follower: Follower, id: string): Promise<Session> => {
  const { api, write } = follower;
  const states = new Map<string, Job['state']>();
  let sessionState: Session['state'] | undefined;
  return until(follower, 'the end of the session', 600, async () => {
    const session = await api.get(`sessions/${id}`, Session);
    const nameOf = objectNames(session);
    const changed = session.jobs.filter(
      (job) => job.state !== 'WAITING' && states.get(job.id) !== job.state,
    );
    for (const job of changed) states.set(job.id, job.state);
    // Each line begins with its time.
    for (const line of changed.map((job) => jobLine(job, nameOf(job))).sort()) write(line);
    if (session.state !== sessionState) {
      sessionState = session.state;
      const open = SESSION_OPEN.has(session.state);
      const at = open ? (session.startedAt ?? session.createdAt) : session.endedAt;
      const took = open ? '' : ` in ${between(session.createdAt, session.endedAt)}`;
      write(`${clockTime(at)}  session ${id}: ${session.state}${took}`);
    }
    return SESSION_OPEN.has(session.state) ? undefined : session;
  });
};

/** A result for people: a field of several lines, such as a report, is text and comes as it is. */
const describeResult = (result: unknown): string => {
  const fields = typeof result === 'object' && result !== null ? Object.entries(result) : [];
  const texts = fields.filter(
    (field): field is [string, string] => typeof field[1] === 'string' && field[1].includes('\n'),
  );
  if (texts.length === 0) return inspect(result, RESULT_FORMAT);
  const names = new Set(texts.map(([name]) => name));
  const others = Object.fromEntries(fields.filter(([name]) => !names.has(name)));
  return [
    inspect(others, RESULT_FORMAT),
    ...texts.map(([name, text]) => `${name}:\n${text.trimEnd()}`),
  ].join('\n');
};

/** Prints what each job of a service returned, or its error. */
export const tellResults = async (
  { api, write }: Pick<Follower, 'api' | 'write'>,
  session: Session,
): Promise<void> => {
  const nameOf = objectNames(session);
  for (const job of session.jobs) {
    if (job.service === null || !JOB_ENDED.has(job.state) || job.state === 'SKIPPED') continue;
    write(`${job.name}, ${nameOf(job)} (${job.id}): ${job.state}`);
    if (job.error !== null) {
      write(`  ${job.error.type}: ${job.error.message}\n${job.error.traceback}`);
      continue;
    }
    const result = job.resultElsewhere
      ? await api.get(`jobs/${job.id}/result`, z.unknown())
      : job.result;
    write(describeResult(result).replaceAll(/^/gm, '  '));
  }
};
