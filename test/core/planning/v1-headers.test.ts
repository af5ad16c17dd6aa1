/** Headers of dcm-processor 1: the tree of a patient, and who gets it. */
import { describe, expect, it } from 'vitest';
import { describeGroup } from '../../../core/planning/documents.ts';
import { v1Headers } from '../../../core/planning/v1-headers.ts';
import { aJob, aManifest, aPlan, aRegistry, aSeries, aService } from './factories.ts';
import { planSession } from '../../../core/planning/plan.ts';

const MANIFEST = aManifest({
  series: [
    aSeries(),
    aSeries({ seriesInstanceUid: '1.1.2' }),
    aSeries({ studyInstanceUid: '1.2', seriesInstanceUid: '1.2.1' }),
  ],
});

const TAGS = { PatientID: 'P1', StudyInstanceUID: '1.1', Modality: 'CT', SliceThickness: '2.50' };

const patient = () => {
  const [first] = describeGroup(MANIFEST);
  if (first === undefined) throw new Error('the manifest has no patient');
  return first;
};

describe('the headers of version 1', () => {
  it('are the tree of the patient, with the main tags of patient and study and all of series', () => {
    const document = patient();
    const [one, two] = document.studies;

    expect(v1Headers(document, () => TAGS)).toEqual({
      id: document.objectId,
      dcmpath: `dicom/${document.objectId}`,
      studyIds: [one?.objectId, two?.objectId],
      seriesIds: [...(one?.series ?? []), ...(two?.series ?? [])].map(({ objectId }) => objectId),
      tags: { PatientID: 'P1' },
      studies: [
        {
          id: one?.objectId,
          tags: { StudyInstanceUID: '1.1' },
          series: one?.series.map(({ objectId }) => ({ id: objectId, tags: TAGS })),
        },
        {
          id: two?.objectId,
          tags: { StudyInstanceUID: '1.1' },
          series: two?.series.map(({ objectId }) => ({ id: objectId, tags: TAGS })),
        },
      ],
    });
  });

  it('go to the jobs that were written for version 1, and to no others', async () => {
    const document = patient();
    const headers = v1Headers(document, () => TAGS);
    const registry = aRegistry();
    const service = aService('both', [
      aJob('old', { events: ['stable-patient'], v1: true }),
      aJob('new', { events: ['stable-patient'] }),
    ]);
    const input = {
      session: { id: 's0123456789abcdef0123', priority: 'normal' as const },
      manifest: MANIFEST,
      services: [service],
      workers: new Map(),
      retryDelaySeconds: 5,
      now: 0,
      v1Headers: new Map([[document.objectId, headers]]),
    };

    const plan = await planSession(input, registry.ask);

    expect(registry.asked.map(({ objects }) => objects[0]?.headers)).toEqual([
      headers,
      document.headers,
    ]);
    expect(plan.objects).toMatchObject([
      { headers: document.headers, v1: { headers, jobs: ['old'] } },
    ]);
  });

  it('are kept with no object that has no such job', async () => {
    const service = aService('new', [aJob('new', { events: ['stable-patient'] })]);

    const plan = await aPlan({ manifest: MANIFEST, services: [service] });

    expect(plan.objects[0]).not.toHaveProperty('v1');
  });
});
