/** The story of a study, as the API tells it: groups, sessions, jobs and decisions over a real table and bucket. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tableSessions } from '../../../aws/sessions.ts';
import { ExplanationPage, type ExplanationEvent } from '../../../core/contracts/api-explanation.ts';
import {
  UnroutedItem,
  type GroupItem,
  type InstanceItem,
  type JobItem,
} from '../../../core/contracts/items.ts';
import { groupKeyId, sessionId, tableKeys } from '../../../core/contracts/keys.ts';
import { claimGroup, releaseGroup } from '../../../core/processors/release.ts';
import { aJob, aService } from '../../core/planning/factories.ts';
import { anAeTitle } from '../../support/ae-titles.ts';
import { startEmulatedApi, type EmulatedApi } from '../../support/emulated-api.ts';
import { aGroup, anInstance } from '../../support/groups.ts';
import { memoryExecutions } from '../../support/memory-cloud.ts';
import { aNode } from '../../support/sessions.ts';

const RELEASED_AT = 1_010_000;
const PLANNED_AT = 1_012_000;

let api: EmulatedApi;

beforeAll(async () => {
  api = await startEmulatedApi();
  const study = aJob('segment', { events: ['stable-study'] });
  const patient = aJob('summarise', { events: ['stable-patient'] });
  await api.context.configuration.services.put('lung', aService('lung', [study, patient]));
  await api.context.configuration.services.put('heart', aService('heart', [aJob('beat')]));
  const pipeline = { id: 'chest', name: 'chest', services: ['lung'] };
  await api.context.configuration.pipelines.put('chest', pipeline);
}, 60_000);

afterAll(() => api.stop());

/** A collecting group of a study with two instances. */
const collecting = async (
  study: string,
  facts: Partial<InstanceItem> = {},
  ofGroup: Partial<GroupItem> = {},
): Promise<GroupItem> => {
  const { groups } = api.context;
  const group = aGroup({ keyValues: [study], pipelines: { main: 'chest' }, ...ofGroup });
  for (const number of ['1', '2']) {
    const item = { studyInstanceUid: study, patientId: `P-${study}`, ...facts };
    await groups.putInstance(anInstance(group, `${study}.${number}`, item));
  }
  await groups.open(group);
  return group;
};

/** Released, and its one session planned with these nodes. */
const released = async (group: GroupItem, nodes: (session: string) => JobItem[]) => {
  const sessions = tableSessions(api.context.table);
  const deps = {
    ...{ groups: api.context.groups, sessions, sessionMachineArn: 'session' },
    ...{ executions: memoryExecutions(), clock: () => RELEASED_AT },
    sleep: () => Promise.resolve(),
  };
  const claimed = await claimGroup(deps, group);
  if (claimed === undefined) throw new Error('the group was not due');
  await releaseGroup(deps, claimed);
  const id = sessionId(group.id, 'main');
  await sessions.storePlan({ id }, nodes(id), [], PLANNED_AT);
  return id;
};

const explain = async (query: string): Promise<ExplanationEvent[]> =>
  ExplanationPage.parse((await api.call('GET', `/explanations?${query}`)).json).items;

const told = (events: readonly ExplanationEvent[], what: string): string[] =>
  events.filter((event) => event.what === what).map(({ sentence }) => sentence);

describe('an explanation', () => {
  it('tells in order who sent, why it was released, what ran and what did not, and the end', async () => {
    const group = await collecting('1.5.1');
    const object = { level: 'study', uid: '1.5.1' } as const;
    const id = await released(group, (session) => [
      aNode(session, 0, {
        ...{ name: 'segment', service: 'lung', event: 'stable-study', object },
        ...{ state: 'SUCCEEDED', queuedAt: 1_013_000, startedAt: 1_014_000, endedAt: 1_016_500 },
        ...{ attempt: 1, resultJson: '{"volume":1.5}' },
      }),
      aNode(session, 1, {
        ...{ name: 'measure', service: 'lung', event: 'stable-study', object },
        ...{ state: 'SKIPPED', endedAt: PLANNED_AT - 5 },
        reason: 'The registry callback said no for this object.',
      }),
      aNode(session, 2, {
        ...{ name: 'report', service: 'lung', event: 'stable-study', object },
        ...{ state: 'FAILED', startedAt: 1_017_000, endedAt: 1_018_000 },
        error: { type: 'ValueError', message: 'no\nvolume', traceback: 'Traceback …' },
      }),
      aNode(session, 3, { kind: 'barrier', name: 'barrier' }),
    ]);
    const end = { state: 'FAILED', reason: 'report failed', endedAt: 1_019_000 } as const;
    await tableSessions(api.context.table).finishSession(id, end);

    const events = await explain('q=1.5.1');

    expect(events.map(({ at }) => at)).toEqual(events.map(({ at }) => at).toSorted());
    expect(events.map(({ what }) => what)).toEqual([
      ...['group-opened', 'instances-received', 'group-claimed', 'group-sealed'],
      ...['group-released', 'session-created', 'session-planned'],
      ...['job-planned', 'job-skipped', 'job-planned'],
      ...['services-not-in-pipeline', 'job-event-not-fired'],
      ...['job-queued', 'job-started', 'job-succeeded', 'job-started', 'job-failed'],
      'session-ended',
    ]);
    expect(told(events, 'instances-received')).toEqual([
      expect.stringMatching(
        /^SCANNER sent 2 instances in one association \(a1\)(, the last at .*)?; the group was then due at \S+Z\.$/,
      ),
    ]);
    expect(told(events, 'job-skipped')).toEqual([
      'The job "measure" of the service "lung" does not run for the study 1.5.1: The registry callback said no for this object.',
    ]);
    expect(told(events, 'job-event-not-fired')).toEqual([
      'The job "summarise" of the service "lung" was not asked at stable-patient: a group by Study fires stable-series and stable-study only. To let it run: gantry ae-title set GANTRY --group-by Patient',
    ]);
    expect(told(events, 'services-not-in-pipeline')[0]).toContain('"heart"');
    expect(told(events, 'job-succeeded')).toEqual([
      'The job "segment" (study 1.5.1) succeeded after 2.5 s and returned {"volume":1.5}',
    ]);
    expect(told(events, 'job-failed')[0]).toMatch(/failed after 1\.0 s: ValueError: no volume\.$/);
    expect(events.at(-1)).toMatchObject({
      at: '1970-01-01T00:16:59.000Z',
      groupId: group.id,
      sessionId: id,
      sentence: 'The session ended as FAILED after 9.0 s: report failed.',
    });
    expect(events.find(({ what }) => what === 'job-failed')?.jobId).toBe(`${id}-n00002`);
  });

  it('finds what was released by patient and by accession number', async () => {
    const group = await collecting('1.5.2', {
      patientId: 'Müller 7',
      attributes: { AccessionNumber: 'A-77' },
    });
    const id = await released(group, () => []);

    for (const text of ['Müller 7', 'A-77', '1.5.2']) {
      const events = await explain(`q=${encodeURIComponent(text)}`);
      expect(new Set(events.map(({ groupId }) => groupId))).toEqual(new Set([group.id]));
      expect(events.map((event) => event.sessionId)).toContain(id);
    }
  });

  it('finds what is still being collected, by its key and by its members', async () => {
    const group = await collecting('1.5.3', { patientId: 'P53' }, { aeTitle: 'OTHER' });

    for (const text of ['1.5.3', 'P53']) {
      const events = await explain(`q=${text}`);
      expect(events.at(-1)).toMatchObject({ what: 'group-collecting', groupId: group.id });
      expect(events.at(-1)?.sentence).toContain('2 instances so far');
    }
  });

  it('tells what was ignored, and what belongs to no group', async () => {
    const at = api.context.clock();
    await api.context.table.put(tableKeys.decision(at, 'd1'), {
      ...{ id: 'd1', at, code: 'sop-class-ignored', studyInstanceUid: '1.5.4' },
      ...{ message: 'CT was not kept', callingAeTitle: 'SCANNER', aeTitle: 'GANTRY' },
    });
    const item = anInstance({ aeTitle: 'GANTRY', keyId: '' }, '1.5.4.9', {
      studyInstanceUid: '1.5.4',
    });
    await api.context.groups.putUnrouted(
      UnroutedItem.parse({ ...item, reason: 'the instance has no PatientID' }),
    );

    const events = await explain('q=1.5.4');

    expect(told(events, 'sop-class-ignored')).toEqual(['CT was not kept (from SCANNER).']);
    expect(told(events, 'unrouted')[0]).toMatch(/^1 instance from SCANNER .*no PatientID\./);
  });

  it('tells what job processors have that nobody has submitted', async () => {
    const { configuration, groups, cache } = api.context;
    const groupBy = ['StudyInstanceUID'];
    const keep = anAeTitle({ aeTitle: 'KEEP', processor: 'cache', groupBy });
    const pairs = anAeTitle({ aeTitle: 'PAIRS', processor: 'pair-of-modalities', groupBy });
    for (const settings of [keep, pairs]) {
      await configuration.aeTitles.put(settings.aeTitle, settings);
      const keyId = groupKeyId(settings.aeTitle, settings.groupBy, ['1.5.8']);
      const item = anInstance({ aeTitle: settings.aeTitle, keyId }, '1.5.8.1', {
        ...{ studyInstanceUid: '1.5.8', patientId: 'P58' },
      });
      await groups.putInstance(item);
      if (settings === keep) await cache.touchSeries(item, item.receivedAt);
    }

    const ofStudy = told(await explain('q=1.5.8'), 'instances-collected');
    const ofPatient = told(await explain('q=P58'), 'instances-collected');

    expect(ofStudy).toHaveLength(2);
    expect(ofStudy[0]).toMatch(/^SCANNER sent 1 instance to KEEP, .*gantry compose$/);
    expect(ofStudy[1]).toMatch(/^SCANNER sent 1 instance to PAIRS, .*gantry delivery list$/);
    expect(ofPatient).toEqual([ofStudy[0]]);
  });

  it('of one session leaves the others of its group out', async () => {
    const pipelines = { main: 'chest', all: 'default' };
    const group = await collecting('1.5.5', {}, { pipelines });
    const id = await released(group, () => []);

    const events = await explain(`session=${id}`);

    expect(new Set(events.map((event) => event.sessionId))).toEqual(new Set([null, id]));
    expect(told(events, 'group-opened')).toHaveLength(1);
  });

  it('of what nobody sent, or of nothing, is refused with what to do', async () => {
    const unknown = await api.call('GET', '/explanations?q=9.9.9');
    const nothing = await api.call('GET', '/explanations');

    expect(unknown).toMatchObject({ status: 404, json: { code: 'not-found' } });
    expect(unknown.text).toContain('gantry decision list');
    expect(nothing.status).toBe(400);
  });
});
