/** A running Gantry as its users see it: the command line, the REST API, and waiting for what must come. */
import { join } from 'node:path';
import type { z } from 'zod';
import {
  Group,
  GroupPage,
  InstancePage,
  Session,
  SessionPage,
  type Instance,
  type Job,
  type SessionSummary,
} from '../../core/contracts/api.ts';
import { ENDED_SESSION_STATES } from '../../core/contracts/vocabulary.ts';
import { REPOSITORY } from '../../local/settings.ts';
import { runProgram, type ProgramOutcome } from './program.ts';
import { until } from './until.ts';

export interface GantryAddress {
  readonly apiUrl: string;
  readonly dimsePort: number;
  readonly awsPort: number;
  readonly dataDirectory: string;
}

export class RunningGantry {
  readonly address: GantryAddress;

  constructor(address: GantryAddress) {
    this.address = address;
  }

  /** Runs `gantry …` to its end. */
  cli(...args: readonly string[]): Promise<ProgramOutcome> {
    return runProgram(process.execPath, [join(REPOSITORY, 'cli', 'main.ts'), ...args], {
      GANTRY_API: this.address.apiUrl,
      GANTRY_DIMSE_PORT: String(this.address.dimsePort),
    });
  }

  /** Runs `gantry …`, which must end with code 0. */
  async done(...args: readonly string[]): Promise<ProgramOutcome> {
    const outcome = await this.cli(...args);
    if (outcome.code !== 0) {
      throw new Error(`gantry ${args.join(' ')} ended with ${outcome.code}:\n${outcome.stderr}`);
    }
    return outcome;
  }

  /** The document that `gantry … --json` prints. */
  async document<T extends z.ZodType>(schema: T, ...args: readonly string[]): Promise<z.infer<T>> {
    const { stdout } = await this.done(...args, '--json');
    return schema.parse(JSON.parse(stdout));
  }

  async get<T extends z.ZodType>(schema: T, path: string): Promise<z.infer<T>> {
    const response = await fetch(`${this.address.apiUrl}/api/v1/${path}`);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return schema.parse(await response.json());
  }

  /** An AE title that offers its groups to one pipeline with these services. */
  async aeTitle(
    name: string,
    services: readonly string[],
    ...settings: readonly string[]
  ): Promise<void> {
    const pipeline = name.toLowerCase();
    await this.done(
      ...['pipeline', 'set', pipeline],
      ...services.flatMap((service) => ['--service', service]),
    );
    await this.done('ae-title', 'set', name, '--pipeline', `${pipeline}=${pipeline}`, ...settings);
  }

  async groups(aeTitle: string): Promise<Group[]> {
    const page = await this.get(GroupPage, `groups?aeTitle=${aeTitle}`);
    return page.items;
  }

  /** What an AE title has of a study in the group of this key: exact at any time, unlike a collecting group's count. */
  async instancesOf(aeTitle: string, studyInstanceUid: string): Promise<Instance[]> {
    const group = (await this.groups(aeTitle)).find(({ key }) => key === studyInstanceUid);
    if (group === undefined) throw new Error('there is no group of the study');
    const page = await this.get(InstancePage, `groups/${group.id}/instances`);
    return page.items;
  }

  async sessionsOf(studyInstanceUid: string): Promise<SessionSummary[]> {
    const page = await this.get(SessionPage, `sessions?study=${studyInstanceUid}`);
    return page.items;
  }

  session(id: string): Promise<Session> {
    return this.get(Session, `sessions/${id}`);
  }

  group(id: string): Promise<Group> {
    return this.get(Group, `groups/${id}`);
  }

  /** The only session of a study, when it has ended. */
  async endedSession(studyInstanceUid: string, timeoutMs = 90_000): Promise<Session> {
    const [session] = await this.endedSessions(studyInstanceUid, 1, timeoutMs);
    if (session === undefined) throw new Error('the study has no session');
    return this.session(session.id);
  }

  /** So many sessions of a study, when all have ended; what the study's story is so far, when they do not. */
  async endedSessions(
    studyInstanceUid: string,
    count: number,
    timeoutMs = 90_000,
  ): Promise<SessionSummary[]> {
    try {
      return await until(`the end of ${count} sessions`, timeoutMs, async () => {
        const sessions = await this.sessionsOf(studyInstanceUid);
        if (sessions.length > count) throw new Error(`${sessions.length} sessions, not ${count}`);
        const ended = sessions.filter(({ state }) => ENDED_SESSION_STATES.has(state));
        return ended.length === count ? ended : undefined;
      });
    } catch (error) {
      const { stdout, stderr } = await this.cli('explain', studyInstanceUid);
      throw new Error(`${String(error)}\n${stdout}${stderr}`, { cause: error });
    }
  }
}

/** The job of that name, of that series if one is named. */
export const jobNamed = (session: Session, name: string, uid?: string): Job => {
  const found = session.jobs.filter(
    (job) => job.name === name && (uid === undefined || job.object?.uid === uid),
  );
  const [job] = found;
  if (job === undefined || found.length > 1) {
    throw new Error(`${found.length} jobs ${name} instead of one`);
  }
  return job;
};

/** Milliseconds since the epoch; fails for a time that is not there. */
export const time = (text: string | null): number => {
  if (text === null) throw new Error('the time is not there');
  return Date.parse(text);
};
