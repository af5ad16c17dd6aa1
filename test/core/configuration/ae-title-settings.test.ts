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
      late: 'new',
      lateWindowSeconds: 86_400,
      accept: [],
      ignore: [],
      jobRetryDelayMs: 5000,
      retentionDays: 30,
      acceptUnknownSopClasses: false,
      uidMismatch: 'refuse',
      unparsable: 'unrouted',
      duplicates: 'keepBoth',
      resends: 'acknowledge',
      complete: [],
      onIncomplete: 'run',
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

  it.each([
    ['uidMismatch', 'STORE', 'store'],
    ['unparsable', 'refuse', 'refuse'],
    ['duplicates', 'keepfirst', 'keepFirst'],
    ['duplicates', 'keepFirst', 'keepFirst'],
    ['resends', 'restart', 'restart'],
  ])('takes the policy %s %s in any letter case', (name, given, expected) => {
    expect(item({ [name]: given })).toMatchObject({ [name]: expected });
  });

  it('names the policies that there are', () => {
    expect(problems({ duplicates: 'newest', uidMismatch: true })).toEqual([
      'uidMismatch must be one of refuse, store, not true',
      'duplicates must be one of keepBoth, keepFirst, replace, not "newest"',
    ]);
  });

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
    [{ late: 'drop' }, /must be one of new, rerun, hold, not "drop"/],
    [{ lateWindow: -1 }, /lateWindow must not be negative/],
    [{ jobRetryDelay: -1 }, /jobRetryDelay must not be negative/],
    [{ jobRetryDelay: 'x' }, /must be a number of milliseconds/],
    [{ maxWait: -5 }, /maxWait must not be negative/],
    [{ maxWait: 1e12 }, /maxWait must not be more than 3153600000 seconds/],
    [{ timeout: 1e300, maxWait: 1e300 }, /timeout must not be more than 3153600000 seconds/],
    [{ lateWindow: 1e12 }, /lateWindow must not be more than/],
    [{ retention: 40_000 }, /retention must not be more than 36500 days/],
    [{ timeout: 4000 }, /maxWait is 3600 seconds .* timeout \(4000\); set it as well/],
    [{ accept: 'CTImageStorag' }, /did you mean "CT Image Storage"/],
    [{ ignore: ['MR Image Storag'] }, /ignore "MR Image Storag" is neither .* "MR Image Storage"/],
    [{ ignore: [1] }, /must be a text or a list of texts, not 1/],
    [{ acept: [] }, /did you mean "accept"/],
    [{ timout: 60 }, /^timout is no setting of an AE title; did you mean "timeout"/],
  ])('refuses %j', (changes, expected) => {
    expect(problems(changes).join('\n')).toMatch(expected);
  });

  it('tells all problems at once', () => {
    expect(
      problems({
        ...{ timeout: -1, maxWait: 'x', priority: 'x', groupBy: 'y', color: 1, late: 'never' },
        ...{ lateWindow: -1, accept: ['CT Image', 'MR Image'], ignore: 7, jobRetryDelay: '5' },
        'pipeline-lung': 'none',
      }),
    ).toHaveLength(12);
  });

  it('changes nothing of what was there when anything is wrong', () => {
    const before = item({ timeout: 60 });

    expect(read({ timeout: 30, late: 'x' }, before)).toEqual({
      ok: false,
      problems: [{ path: 'late', message: 'must be one of new, rerun, hold, not "x"' }],
    });
  });

  it('reads maxWait with a timeout that was raised, and with one that stays as it is', () => {
    expect(problems({ timeout: 1, maxWait: 3 }).join()).toMatch(/less than timeout \(5\)/);
    const reading = read({ maxWait: 30 }, item({ timeout: 60 }));
    expect(reading.ok).toBe(false);
  });

  it.each(['new', 'Rerun', 'HOLD'])('takes the late policy %s in any letter case', (late) => {
    expect(item({ late, lateWindow: 60 })).toMatchObject({
      late: late.toLowerCase(),
      lateWindowSeconds: 60,
    });
  });

  it.each([
    ['1.2.840.10008.5.1.4.1.1.2', ['1.2.840.10008.5.1.4.1.1.2']],
    ['CT Image Storage', ['1.2.840.10008.5.1.4.1.1.2']],
    ['ctimagestorage', ['1.2.840.10008.5.1.4.1.1.2']],
    [
      ['CTImageStorage', 'MRImageStorage'],
      ['1.2.840.10008.5.1.4.1.1.2', '1.2.840.10008.5.1.4.1.1.4'],
    ],
    ['TwelveLeadECGWaveformStorage', ['1.2.840.10008.5.1.4.1.1.9.1.1']],
    // One name, today's UID and a retired one.
    ['UltrasoundImageStorage', ['1.2.840.10008.5.1.4.1.1.6', '1.2.840.10008.5.1.4.1.1.6.1']],
    ['1.3.46.670589.11.0.0.12.1', ['1.3.46.670589.11.0.0.12.1']],
    [[], []],
  ])('stores the SOP classes %j by their UIDs', (accept, expected) => {
    expect(item({ accept }).accept).toEqual(expected);
    expect(item({ ignore: accept }).ignore).toEqual(expected);
  });

  it('takes the retry delay of Clara in milliseconds', () => {
    expect(item({ jobRetryDelay: 0 }).jobRetryDelayMs).toBe(0);
    expect(item({ jobRetryDelay: 250 }).jobRetryDelayMs).toBe(250);
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

describe('a processor that a site wrote', () => {
  const known = ['pair-of-modalities'];
  const set = (
    changes: Record<string, unknown>,
    before?: Parameters<typeof readAeTitleSettings>[2],
    settingsProblems: { path: string; message: string }[] = [],
  ) =>
    readAeTitleSettings('CT1', changes, before, new Set(['default']), {
      known,
      problems: settingsProblems,
    });

  it('is set with settings of its own, which merge; another processor begins without', () => {
    const first = set({ processor: 'Pair-of-Modalities', settings: { quiet: 5, wait: 9 } });
    if (!first.ok) throw new Error(JSON.stringify(first.problems));
    const second = set({ settings: { quiet: 7, wait: null } }, first.item);
    const third = set({ processor: 'ae-title' }, first.item);

    expect(first.item).toMatchObject({
      processor: 'pair-of-modalities',
      processorSettings: { quiet: 5, wait: 9 },
    });
    expect(second).toMatchObject({ ok: true, item: { processorSettings: { quiet: 7 } } });
    expect(third).toMatchObject({ ok: true, item: { processor: 'ae-title' } });
    expect(third.ok && third.item.processorSettings).toBeUndefined();
  });

  it('that nobody deployed is refused, naming those that there are', () => {
    expect(set({ processor: 'pears', timeout: 'x' })).toMatchObject({
      ok: false,
      problems: [
        { path: 'processor', message: expect.stringContaining('ae-title') as string },
        { path: 'timeout' },
      ],
    });
    expect(set({ processor: 'pears' })).toMatchObject({
      problems: [{ message: expect.stringContaining('pair-of-modalities') as string }],
    });
  });

  it('whose settings are wrong is refused with all problems, and ae-title has none', () => {
    const wrong = [{ path: 'settings.quiet', message: 'too small' }];

    expect(
      set({ processor: 'pair-of-modalities', settings: { quiet: 0 } }, undefined, wrong),
    ).toEqual({ ok: false, problems: wrong });
    expect(set({ settings: { quiet: 0 } })).toMatchObject({ problems: [{ path: 'settings' }] });
    expect(set({ settings: 3 })).toMatchObject({ problems: [{ path: 'settings' }] });
  });
});
