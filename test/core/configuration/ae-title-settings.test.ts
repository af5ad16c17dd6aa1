/** The settings of an AE title: what is accepted, adjusted and refused. */
import { describe, expect, it } from 'vitest';
import { readAeTitleSettings } from '../../../core/configuration/ae-title-settings.ts';
import { hostProblem } from '../../../core/configuration/source-hosts.ts';

const read = (
  changes: Record<string, unknown>,
  before?: Parameters<typeof readAeTitleSettings>[2],
) => readAeTitleSettings('CT1', changes, before, new Set(['default', 'p-lung']));

const item = (changes: Record<string, unknown>) => {
  const reading = read(changes);
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return reading.item;
};

const problems = (changes: Record<string, unknown>) => {
  const reading = read(changes);
  return reading.ok ? [] : reading.problems.map(({ path, message }) => `${path ?? ''} ${message}`);
};

describe('readAeTitleSettings', () => {
  it('starts a new AE title with the defaults', () => {
    expect(item({})).toEqual({
      aeTitle: 'CT1',
      processor: 'ae-title',
      groupBy: ['StudyInstanceUID'],
      timeoutSeconds: 5,
      maxWaitSeconds: 3600,
      priority: 'normal',
      pipelines: {},
    });
  });

  it.each([
    ['Patient', ['PatientID']],
    ['study', ['StudyInstanceUID']],
    ['Series', ['SeriesInstanceUID']],
    ['(0010,0020)', ['PatientID']],
    ['0020000d', ['StudyInstanceUID']],
    ['AccessionNumber', ['AccessionNumber']],
    [
      ['Patient', '(0008,0050)'],
      ['PatientID', 'AccessionNumber'],
    ],
  ])('stores groupBy %j by keywords', (groupBy, expected) => {
    expect(item({ groupBy }).groupBy).toEqual(expected);
  });

  it('raises a timeout below 5 seconds, and says so', () => {
    expect(read({ timeout: 1 })).toMatchObject({
      ok: true,
      item: { timeoutSeconds: 5 },
      notes: ['timeout 1 is below 5 seconds and was raised to 5'],
    });
  });

  it.each(['HIGHER', 'Higher', 'higher'])(
    'takes the priority %s in any letter case',
    (priority) => {
      expect(item({ priority }).priority).toBe('higher');
    },
  );

  it('merges with what is there, and takes pipelines away by null', () => {
    const before = { ...item({ timeout: 60, groupBy: 'Patient' }), pipelines: { old: 'p-lung' } };

    const reading = read({ pipelines: { old: null, lung: 'p-lung' } }, before);

    expect(reading).toMatchObject({
      ok: true,
      item: { timeoutSeconds: 60, groupBy: ['PatientID'] },
    });
    expect(reading.ok && reading.item.pipelines).toEqual({ lung: 'p-lung' });
  });

  it('reads pipelines as Clara writes them', () => {
    expect(item({ 'pipeline-lung': 'p-lung' }).pipelines).toEqual({ lung: 'p-lung' });
  });

  it.each([
    [{ groupBy: 'Room' }, /groupBy "Room" is no known attribute/],
    [{ groupBy: '(0018,9999)' }, /no known attribute/],
    [{ groupBy: 'PixelData' }, /cannot be a key/],
    [{ groupBy: [] }, /at least one/],
    [{ timeout: -1 }, /must not be negative/],
    [{ timeout: '60' }, /must be a number of seconds, not "60"/],
    [{ priority: 'urgent' }, /must be one of immediate/],
    [{ processor: 'cache2' }, /must be one of ae-title/],
    [{ pipelines: { lung: 'p-lun' } }, /pipelines.lung there is no pipeline "p-lun"/],
    [{ pipelines: ['a'] }, /must be an object/],
    [{ maxWait: 30, timeout: 60 }, /must not be less than timeout \(60\)/],
    [{ timout: 60 }, /^timout is no setting of an AE title; did you mean "timeout"/],
  ])('refuses %j', (changes, expected) => {
    expect(problems(changes).join('\n')).toMatch(expected);
  });

  it('tells all problems at once', () => {
    expect(problems({ timeout: -1, priority: 'x', groupBy: 'y', color: 1 })).toHaveLength(4);
  });
});

describe('hostProblem', () => {
  it.each(['10.1.2.3', '10.0.0.0/8', '::1', 'fd00::/8'])('takes %s', (host) => {
    expect(hostProblem(host)).toBeUndefined();
  });

  it.each(['', 'scanner', '10.1.2', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '::1/129'])(
    'refuses %j',
    (host) => {
      expect(hostProblem(host)).toBeDefined();
    },
  );
});
