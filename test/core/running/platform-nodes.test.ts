import { describe, expect, it } from 'vitest';
import type { GroupManifest, ManifestInstance } from '../../../core/contracts/items.ts';
import { objectKeys } from '../../../core/contracts/object-keys.ts';
import { postServices, preServices } from '../../../core/running/platform-nodes.ts';
import { memoryObjects, memorySessionData } from '../../support/memory-cloud.ts';
import { memorySessions } from '../../support/memory-sessions.ts';
import { aNode, aSession } from '../../support/sessions.ts';

const instance = (number: number): ManifestInstance => ({
  sopInstanceUid: `1.2.3.${number}`,
  sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
  transferSyntaxUid: '1.2.840.10008.1.2.1',
  objectKey: `instances/${number}.dcm`,
  size: 100 + number,
  sha256: 'ab',
  receivedAt: 1,
  callingAeTitle: 'CT',
});

const prepared = async (instances: number) => {
  const session = aSession();
  const sessions = memorySessions();
  await sessions.createSession(session);
  const objects = memoryObjects();
  const manifest: GroupManifest = {
    groupId: session.groupId,
    aeTitle: 'GANTRY',
    groupBy: ['StudyInstanceUID'],
    sealedAt: 1,
    series: Array.from({ length: 2 }, (_, series) => ({
      patientId: 'P',
      issuerOfPatientId: '',
      studyInstanceUid: '1.2',
      seriesInstanceUid: `1.2.${series}`,
      attributes: {},
      instances: Array.from({ length: instances / 2 }, (_each, index) =>
        instance(series * (instances / 2) + index),
      ),
    })),
  };
  objects.stored.set(objectKeys.groupManifest(session.groupId), manifest);
  for (let number = 0; number < instances; number += 1) {
    objects.stored.set(`instances/${number}.dcm`, 100 + number);
  }
  const sessionData = memorySessionData();
  const reported: string[] = [];
  const deps = {
    sessions,
    objects,
    listing: objects,
    sessionData,
    clock: () => 1_000_000,
    onUnreadable: (_id: string, uids: readonly string[]) => {
      reported.push(...uids);
    },
  };
  return { deps, session, objects, sessionData, reported };
};

describe('pre-services', () => {
  it('succeeds when every image is there with its length', async () => {
    const { deps, session, reported } = await prepared(200);

    expect(await preServices(deps, session.id)).toEqual({ state: 'SUCCEEDED' });
    expect(reported).toEqual([]);
  });

  it('fails when images are missing or cut short, and says how many and which is the first', async () => {
    const { deps, session, objects, reported } = await prepared(10);
    objects.stored.delete('instances/7.dcm');
    objects.stored.set('instances/3.dcm', 5);

    expect(await preServices(deps, session.id)).toEqual({
      state: 'FAILED',
      reason:
        '2 of 10 images cannot be read. The first is SOP instance 1.2.3.3: its object has 5 bytes instead of 103.',
    });
    expect(reported).toEqual(['1.2.3.3', '1.2.3.7']);
  });

  it('is no verdict when the store does not answer', async () => {
    const { deps, session } = await prepared(2);
    const objects = { ...deps.objects, size: () => Promise.reject(new Error('SlowDown')) };

    await expect(preServices({ ...deps, objects }, session.id)).rejects.toThrow('SlowDown');
  });
});

describe('post-services', () => {
  it('removes the session data and files of the session, and neither images nor results', async () => {
    const { deps, session, objects, sessionData } = await prepared(4);
    const kept = [
      objectKeys.jobResult(session.id, 'n00001', 1),
      objectKeys.sessionFile('s00000000000000000000', 'other'),
    ];
    objects.stored.set(objectKeys.sessionFile(session.id, 'mask'), 9);
    for (const key of kept) objects.stored.set(key, 9);
    sessionData.counts.set(session.id, 3);
    const before = objects.stored.size;

    expect(await postServices(deps, session.id)).toEqual({ state: 'SUCCEEDED' });
    expect(await postServices(deps, session.id)).toEqual({ state: 'SUCCEEDED' });

    expect(sessionData.counts.has(session.id)).toBe(false);
    expect(objects.stored.size).toBe(before - 1);
    expect(kept.every((key) => objects.stored.has(key))).toBe(true);
  });

  it('keeps them when a job failed, timed out or was cancelled, for it may be tried again', async () => {
    const { deps, session, objects, sessionData } = await prepared(2);
    await deps.sessions.storePlan(session, [aNode(session.id, 1, { state: 'CANCELLED' })], [], 1);
    const file = objectKeys.sessionFile(session.id, 'mask');
    objects.stored.set(file, 9);
    sessionData.counts.set(session.id, 3);

    expect(await postServices(deps, session.id)).toEqual({ state: 'SUCCEEDED' });

    expect(sessionData.counts.get(session.id)).toBe(3);
    expect(objects.stored.has(file)).toBe(true);
    expect(sessionData.kept.get(session.id)).toBe(1_000_000 + 7 * 86_400_000);
  });
});
