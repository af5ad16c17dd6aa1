/** The rule of a pipeline when a session is planned: asked once, recorded with what it read, and never silent. */
import { describe, expect, it } from 'vitest';
import { EXPLICIT_VR_LITTLE_ENDIAN, encodingOf } from '../../../core/dicom/transfer-syntaxes.ts';
import { part10Head } from '../../../core/dicom/part10.ts';
import { makeHandler } from '../../../lambdas/plan/handler.ts';
import { aManifest, anInstance, aSeries } from '../../core/planning/factories.ts';
import { text, writeDataSet } from '../../support/data-set-writer.ts';
import { aRequest, aSession, aWorld, type World } from './fakes.ts';

const DONE = { batchItemFailures: [] };

const MANIFEST = aManifest({
  series: [
    aSeries({ attributes: { Modality: 'CT', PatientName: 'SECRET' } }),
    aSeries({
      seriesInstanceUid: '1.1.2',
      attributes: { Modality: 'MR' },
      instances: [anInstance({ sopInstanceUid: '1.2.4', objectKey: 'second.dcm' })],
    }),
  ],
});

const worldWith = (rule: string, world: World = {}) =>
  aWorld({
    session: aSession({ pipeline: 'lung' }),
    manifest: MANIFEST,
    pipelines: { lung: [] },
    rule,
    ...world,
  });

const fileWith = (thickness: string): Uint8Array => {
  const head = part10Head({
    sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
    sopInstanceUid: '1.2.3',
    transferSyntaxUid: EXPLICIT_VR_LITTLE_ENDIAN,
    callingAeTitle: 'CT1',
    calledAeTitle: 'GANTRY',
  });
  const dataSet = writeDataSet(
    [text(0x00180050, 'DS', thickness)],
    encodingOf(EXPLICIT_VR_LITTLE_ENDIAN),
  );
  return Buffer.concat([head, dataSet]);
};

describe('the rule of a pipeline', () => {
  it('lets a group that matches be planned, and keeps what it read', async () => {
    const world = worldWith('"CT" in instances.Modality');

    expect(await makeHandler(world.deps)(aRequest())).toEqual(DONE);

    expect(world.invoked).not.toEqual([]);
    expect(world.decisions).toMatchObject([
      {
        code: 'rule-matched',
        sessionId: aSession().id,
        groupId: MANIFEST.groupId,
        readings: [
          {
            path: 'instances.Modality',
            values: [
              { value: 'CT', count: 1 },
              { value: 'MR', count: 1 },
            ],
          },
        ],
      },
    ]);
  });

  it('makes no job for a group that does not match, asks nobody, and says so', async () => {
    const world = worldWith('"US" in instances.Modality');

    await makeHandler(world.deps)(aRequest());

    expect(world.invoked).toEqual([]);
    expect(world.told).toMatchObject([{ output: { jobs: 0 } }]);
    expect(world.stored).toEqual([
      {
        jobs: [],
        edges: [],
        reason: 'The rule of the pipeline "lung" does not match this group.',
      },
    ]);
    expect(world.decisions[0]?.message).toBe(
      'The rule of the pipeline "lung" does not match this group. It read instances.Modality: "CT" (1), "MR" (1).',
    );
  });

  it('fails the session when it fails, with the reason, and without a value in what is told or logged', async () => {
    const world = worldWith('$number(instances[0].PatientName) > 1');

    expect(await makeHandler(world.deps)(aRequest())).toEqual(DONE);

    expect(world.stored).toEqual([]);
    expect(world.told).toMatchObject([
      { error: 'RuleFailed', cause: expect.stringContaining('"lung" failed') as string },
    ]);
    expect(JSON.stringify([world.told, world.logged])).not.toContain('SECRET');
    expect(world.decisions).toMatchObject([{ code: 'rule-failed' }]);
    expect(world.decisions[0]?.message).toContain('SECRET');
  });

  it('reads the headers of instances for what the manifest does not have', async () => {
    const files = { 'instances/1.2.3.dcm': fileWith('1.5'), 'second.dcm': fileWith('3') };
    const world = worldWith('$max(instances.SliceThickness) = 3', { files });

    await makeHandler(world.deps)(aRequest());

    expect(world.decisions).toMatchObject([
      {
        code: 'rule-matched',
        readings: [{ values: [{ value: 1.5 }, { value: 3 }] }],
      },
    ]);
  });

  it('fails when an instance cannot be read, for that is not the same as having no value', async () => {
    const whole = fileWith('3');
    const cut = whole.subarray(0, whole.length - 1);
    const files = { 'instances/1.2.3.dcm': fileWith('1.5'), 'second.dcm': cut };
    const world = worldWith('$max(instances.SliceThickness) < 2', { files });

    await makeHandler(world.deps)(aRequest());

    expect(world.told).toMatchObject([{ error: 'RuleFailed' }]);
  });

  it('says the same when the session is planned again, whatever the rule has become', async () => {
    const first = worldWith('$number(instances[0].PatientName) > 1');
    await makeHandler(first.deps)(aRequest());
    const second = worldWith('true');
    for (const [key, value] of first.bucket) second.bucket.set(key, value);

    await makeHandler(second.deps)(aRequest());

    expect(second.told).toEqual(first.told);
    expect(second.decisions).toEqual(first.decisions);
  });
});
