/** `gantry explain` and `gantry decision` as a process, against the real API handler. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tableSessions } from '../../aws/sessions.ts';
import type { ExplanationEvent } from '../../core/contracts/api-explanation.ts';
import type { Decision } from '../../core/contracts/api.ts';
import type { GroupItem } from '../../core/contracts/items.ts';
import { sessionId, tableKeys } from '../../core/contracts/keys.ts';
import { startEmulatedApi, type EmulatedApi } from '../support/emulated-api.ts';
import { aGroup, anInstance } from '../support/groups.ts';
import { runProgram, type ProgramOutcome } from '../support/program.ts';
import { aNode, aSession } from '../support/sessions.ts';

const CLI = join(import.meta.dirname, '..', '..', 'cli', 'gantry.mjs');
const STUDY = '1.6.1';
const GROUP = aGroup({ keyValues: [STUDY] });
const SESSION = sessionId(GROUP.id, 'default');

let api: EmulatedApi;

const gantry = (...args: readonly string[]): Promise<ProgramOutcome> =>
  runProgram(process.execPath, [CLI, ...args], { GANTRY_API: api.url });

/** A session of one job of the study's group, running. */
const running = async (study: string, group: GroupItem): Promise<string> => {
  const { groups, table } = api.context;
  await groups.putInstance(anInstance(group, `${study}.1`, { studyInstanceUid: study }));
  await groups.open(group);
  const store = tableSessions(table);
  const id = sessionId(group.id, 'default');
  const session = aSession({ id, groupId: group.id, studies: [study] });
  await store.createSession({ ...session, createdAt: 1_010_000 });
  const object = { level: 'study', uid: study } as const;
  const job = aNode(id, 0, { name: 'segment', object, queuedAt: 1_012_000 });
  await store.storePlan(session, [job], [], 1_011_000);
  return id;
};

const refused = async (aeTitle: string, at: number): Promise<void> => {
  const facts = { code: 'association-rejected', message: 'not configured', aeTitle };
  const record = { ...facts, id: aeTitle, at, callingAeTitle: 'MR9' };
  await api.context.table.put(tableKeys.decision(at, aeTitle), record);
};

beforeAll(async () => {
  api = await startEmulatedApi();
  await running(STUDY, GROUP);
}, 60_000);

afterAll(() => api.stop());

describe('gantry explain', { timeout: 20_000 }, () => {
  it('prints a sentence a line with its time, group by group and session by session', async () => {
    const { code, stdout } = await gantry('explain', STUDY);

    const lines = stdout.trimEnd().split('\n');
    expect(code).toBe(0);
    expect(lines[0]).toBe(`group ${GROUP.id}`);
    expect(lines[1]).toMatch(/^ {2}1970-01-01 00:16:40\.000 {2}The group by Study "1\.6\.1" .*\.$/);
    expect(lines).toContain(`session ${SESSION}`);
    expect(lines.at(-1)).toBe(
      `  1970-01-01 00:16:52.000  The job "segment" (study ${STUDY}) was queued for a runner of the worker "default".`,
    );
  });

  it('gives the events as an array with --json, of a study as of a session', async () => {
    const ofStudy = await gantry('explain', STUDY, '--json');
    const ofSession = await gantry('session', 'explain', SESSION, '--json');

    const events = JSON.parse(ofStudy.stdout) as ExplanationEvent[];
    expect(events.map(({ what }) => what)).toEqual(
      (JSON.parse(ofSession.stdout) as ExplanationEvent[]).map(({ what }) => what),
    );
    expect(events.find(({ what }) => what === 'job-queued')).toMatchObject({
      at: '1970-01-01T00:16:52.000Z',
      groupId: GROUP.id,
      sessionId: SESSION,
      jobId: `${SESSION}-n00000`,
    });
  });

  it('ends with 1 for what nobody sent, and says where to look', async () => {
    const outcome = await gantry('explain', 'NOBODY');

    expect(outcome).toMatchObject({ code: 1, stdout: '' });
    expect(outcome.stderr).toContain('gantry decision list');
  });
});

describe('gantry decision list', { timeout: 20_000 }, () => {
  it('lists decisions since a time, of one AE title if asked so, the latest first', async () => {
    const now = Date.now();
    const yesterday = now - 86_400_000;
    await refused('OLD', yesterday);
    await refused('NEW', now);
    const since = new Date(yesterday).toISOString();

    const all = await gantry('decision', 'list', '--since', since, '--json');
    const later = await gantry(
      'decision',
      'list',
      '--since',
      new Date(yesterday + 1).toISOString(),
    );
    const one = await gantry('decision', 'list', '--since', since, '--ae-title', 'OLD', '--json');

    const titles = (outcome: ProgramOutcome) =>
      (JSON.parse(outcome.stdout) as Decision[]).map(({ aeTitle }) => aeTitle);
    expect(titles(all)).toEqual(['NEW', 'OLD']);
    expect(titles(one)).toEqual(['OLD']);
    expect(later.stdout).toMatch(/association-rejected +NEW +MR9 +not configured$/m);
    expect(later.stdout).not.toContain('OLD');
  });

  it('refuses a time that is none as wrong usage', async () => {
    expect(await gantry('decision', 'list', '--since', 'soon')).toMatchObject({ code: 2 });
  });
});

describe('gantry session watch', { timeout: 20_000 }, () => {
  it('tells the story in order, each sentence once, until the session has ended', async () => {
    const session = await running('1.6.2', aGroup({ keyValues: ['1.6.2'], state: 'RELEASED' }));
    const watching = gantry('session', 'watch', session);
    await tableSessions(api.context.table).finishSession(session, {
      ...{ state: 'SUCCEEDED', endedAt: Date.now() },
    });
    const { code, stdout } = await watching;

    const lines = stdout.trimEnd().split('\n');
    expect(code).toBe(0);
    expect(lines[0]).toContain('was opened: opened by an instance.');
    expect(lines.filter((line) => line.includes('was queued for a runner'))).toHaveLength(1);
    expect(lines.at(-2)).toContain('The session ended as SUCCEEDED');
    expect(lines.at(-1)).toBe('session SUCCEEDED');
  });

  it('prints a document a line for each change with --json', async () => {
    const watching = gantry('session', 'watch', SESSION, '--json');
    await tableSessions(api.context.table).finishSession(SESSION, {
      ...{ state: 'SUCCEEDED', endedAt: Date.now() },
    });
    const { code, stdout } = await watching;

    const states = stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { state: string }).state);
    expect(code).toBe(0);
    expect(states.at(-1)).toBe('SUCCEEDED');
    expect(states.slice(0, -1)).not.toContain('SUCCEEDED');
  });
});
