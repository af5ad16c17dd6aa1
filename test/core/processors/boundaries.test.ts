/** The `ae-title` processor by its documentation: its two scenarios, its boundaries, its late instances. */
import { describe, expect, it } from 'vitest';
import type { GroupItem } from '../../../core/contracts/items.ts';
import { virtualSite, type SentInstance } from '../../support/virtual-site.ts';

/** W and the difference of clocks, in seconds, by which a release follows the quiet time at the latest. */
const LAG = 0.7;

const counts = (site: ReturnType<typeof virtualSite>): number[] =>
  site.sessions.map(({ instanceCount }) => instanceCount).toSorted((a, b) => a - b);

const generations = (site: ReturnType<typeof virtualSite>): GroupItem[] =>
  [...site.groups.groupItems.values()].toSorted((a, b) => a.generation - b.generation);

describe('scenario 1: five studies of one patient, each in its own association, within 60 s', () => {
  const pipelines = {
    ...{ 'pipeline-lung': 'lung', 'pipeline-heart': 'heart', 'pipeline-breast': 'breast' },
    ...{ priority: 'normal', timeout: 60 },
  };
  const studies = [1, 2, 3, 4, 5].map((number): SentInstance => ({
    at: number * 12,
    number,
    study: `S${number}`,
  }));

  it('makes three sessions by Patient, one a pipeline, each with all five studies', async () => {
    const site = virtualSite({ CT: { ...pipelines, groupBy: 'Patient' } });
    site.send('CT', ...studies);
    await site.pass(300);

    expect(site.sessions.map(({ pipelineName }) => pipelineName).sort()).toEqual([
      ...['breast', 'heart', 'lung'],
    ]);
    expect(site.sessions.map(({ studies: named }) => named.length)).toEqual([5, 5, 5]);
    expect(site.releases()).toHaveLength(1);
    expect(site.releases()[0]).toBeGreaterThanOrEqual(120);
    expect(site.releases()[0]).toBeLessThan(120 + LAG);
  });

  it('makes five groups and fifteen sessions by Study', async () => {
    const site = virtualSite({ CT: pipelines });
    site.send('CT', ...studies);
    await site.pass(300);

    expect(site.groups.groupItems.size).toBe(5);
    expect(site.sessions).toHaveLength(15);
  });
});

describe('scenario 2: priority higher, one pipeline, the rest by default', () => {
  const settings = { priority: 'higher', 'pipeline-breast': 'breast' };

  it('makes three sessions of three studies after 5 s', async () => {
    const site = virtualSite({ CT: settings });
    site.send('CT', ...[1, 2, 3].map((number) => ({ at: 0, number, study: `S${number}` })));
    await site.pass(60);

    expect(site.sessions.map(({ priority }) => priority)).toEqual(['higher', 'higher', 'higher']);
    expect(Math.min(...site.releases())).toBeGreaterThanOrEqual(5);
    expect(Math.max(...site.releases())).toBeLessThan(5 + LAG);
  });

  it('makes one session of instances at T1, T1+4, T2+3 and T3+1, released at T4+5', async () => {
    const site = virtualSite({ CT: settings });
    site.send('CT', ...[0, 4, 7, 8].map((at, number) => ({ at, number })));
    await site.pass(60);

    expect(counts(site)).toEqual([4]);
    expect(site.releases()[0]).toBeGreaterThanOrEqual(13);
    expect(site.releases()[0]).toBeLessThan(13 + LAG);
  });
});

describe('boundaries', () => {
  it.each([
    [3, 1],
    [6, 3],
  ])('three series of one study %d s apart make %d releases', async (apart, releases) => {
    const site = virtualSite({ CT: {} });
    site.send(
      'CT',
      ...[0, 1, 2].map((number) => ({ at: number * apart, number, series: `1.${number}` })),
    );
    await site.pass(60);

    expect(site.releases()).toHaveLength(releases);
    expect(site.sessions).toHaveLength(releases);
  });

  it.each([
    ['Patient', [1, 1, 3, 3]],
    ['Study', [1, 1, 1, 1, 2, 2]],
    ['Series', [1, 1, 1, 1, 1, 1, 1, 1]],
  ])('four instances by %s make sessions of %j for two pipelines', async (groupBy, expected) => {
    const site = virtualSite({ CT: { groupBy, pipelines: { lung: 'lung', heart: 'heart' } } });
    site.send(
      'CT',
      { at: 0, number: 1, patient: 'P1', study: 'S1', series: '1.1' },
      { at: 0, number: 2, patient: 'P1', study: 'S1', series: '1.2' },
      { at: 1, number: 3, patient: 'P1', study: 'S2' },
      { at: 1, number: 4, patient: 'P2', study: 'S3' },
    );
    await site.pass(60);

    expect(counts(site)).toEqual(expected);
  });

  it.each([
    ['AccessionNumber', [1, 3]],
    ['(0008,0050)', [1, 3]],
    [
      ['Patient', 'AccessionNumber'],
      [1, 1, 2],
    ],
    [
      ['(0010,0020)', 'Series'],
      [1, 1, 1, 1],
    ],
  ])(
    'an attribute, or several together, make the key: %j makes sessions of %j',
    async (groupBy, expected) => {
      const site = virtualSite({ CT: { groupBy } });
      site.send(
        'CT',
        { at: 0, number: 1, patient: 'P1', accessionNumber: 'A1', series: '1.1' },
        { at: 0, number: 2, patient: 'P1', accessionNumber: 'A1', series: '1.2' },
        { at: 1, number: 3, patient: 'P2', accessionNumber: 'A1', series: '1.1' },
        { at: 1, number: 4, patient: 'P2', accessionNumber: 'A2', series: '1.2' },
      );
      await site.pass(60);

      expect(counts(site)).toEqual(expected);
    },
  );

  it('two AE titles at once have each instance once, in groups of their own', async () => {
    const site = virtualSite({
      BYSTUDY: {},
      BYPATIENT: {
        ...{ groupBy: 'Patient', timeout: 10 },
        pipelines: { lung: 'lung', heart: 'heart' },
      },
    });
    const instances = [1, 2, 3, 4].map((number) => ({
      ...{ at: number / 10, number, patient: `P${Math.ceil(number / 2)}`, study: `S${number}` },
    }));
    for (const aeTitle of ['BYSTUDY', 'BYPATIENT']) site.send(aeTitle, ...instances);
    await site.pass(60);

    for (const [aeTitle, sessions] of [
      ['BYSTUDY', 4],
      ['BYPATIENT', 4],
    ] as const) {
      const groups = generations(site).filter((group) => group.aeTitle === aeTitle);
      expect(groups.flatMap((group) => site.numbersOf(group)).sort()).toEqual([1, 2, 3, 4]);
      expect(site.sessions.filter((session) => session.aeTitle === aeTitle)).toHaveLength(sessions);
    }
  });

  it('a timeout of 1 acts as one of 5', async () => {
    const site = virtualSite({ CT: { timeout: 1 } });
    site.send('CT', { at: 0, number: 1 }, { at: 4.5, number: 2 });
    await site.pass(60);

    expect(counts(site)).toEqual([2]);
    expect(site.releases()[0]).toBeGreaterThanOrEqual(9.5);
  });

  it('without an instance nothing is released', async () => {
    const site = virtualSite({ CT: {} });
    await site.pass(600);

    expect(site.groups.groupItems.size).toBe(0);
    expect(site.sessions).toEqual([]);
  });

  it('a sender that never stops is cut off once at maxWait, and again after as long', async () => {
    const site = virtualSite({ CT: { maxWait: 60 } });
    site.send('CT', ...Array.from({ length: 100 }, (_, number) => ({ at: number, number })));
    await site.pass(300);

    const [first, second] = generations(site);
    expect(site.releases()).toHaveLength(2);
    expect(site.releases()[0]).toBeCloseTo(60.6, 0);
    expect([first?.closedBecause, second?.closedBecause]).toEqual(['maxWait', 'quiet']);
    expect(generations(site).flatMap((group) => site.numbersOf(group))).toHaveLength(100);
  });

  it('windows longer than the longest delay of a message are kept', async () => {
    const site = virtualSite({ CT: { timeout: 2000 } });
    site.send('CT', { at: 0, number: 1 });
    await site.pass(4000);

    expect(site.releases()[0]).toBeGreaterThanOrEqual(2000);
    expect(site.releases()[0]).toBeLessThan(2000 + LAG);
  });
});

describe('late instances', () => {
  const twice = async (settings: Record<string, unknown>, ...at: number[]) => {
    const site = virtualSite({ CT: settings });
    site.send('CT', ...at.map((second, index) => ({ at: second, number: index + 1 })));
    await site.pass(Math.max(...at) + 120);
    return site;
  };

  it('new: a new generation has the late ones only', async () => {
    const site = await twice({ late: 'new' }, 0, 100);

    const [first, second] = generations(site);
    expect([first, second].map((group) => group && site.numbersOf(group))).toEqual([[1], [2]]);
    expect(second).toMatchObject({ late: 'new', state: 'RELEASED' });
    expect(second?.supersedes).toBeUndefined();
  });

  it('rerun: a new generation has all of the window, and supersedes the one before', async () => {
    const site = await twice({ late: 'rerun' }, 0, 100, 200);

    const [first, second, third] = generations(site);
    expect([first, second, third].map((group) => group && site.numbersOf(group))).toEqual([
      ...[[1], [1, 2], [1, 2, 3]],
    ]);
    expect(first?.supersedes).toBeUndefined();
    expect(second?.supersedes).toBe(first?.id);
    expect(third?.supersedes).toBe(second?.id);
    expect(counts(site)).toEqual([1, 2, 3]);
  });

  it('rerun: an identical re-send is no reason for one', async () => {
    const site = virtualSite({ CT: { late: 'rerun' } });
    site.send('CT', { at: 0, number: 1 }, { at: 100, number: 1 });
    await site.pass(300);

    expect(site.sessions).toHaveLength(1);
    expect(site.groups.groupItems.size).toBe(1);
  });

  it('rerun: what it repeats counts among the declared inputs, which are there at once', async () => {
    const complete = [{ name: 'both', match: 'true', count: 2 }];
    const site = virtualSite({
      CT: { late: 'rerun', complete, onIncomplete: 'hold', timeout: 60 },
    });
    site.send('CT', { at: 0, number: 1 }, { at: 0, number: 2 }, { at: 100, number: 3 });
    await site.pass(150);

    expect(generations(site).map(({ closedBecause }) => closedBecause)).toEqual([
      'complete',
      'complete',
    ]);
    expect(counts(site)).toEqual([2, 3]);
    expect(site.releases()[1]).toBeLessThan(102);
  });

  it('hold: kept until a person decides, whatever checks and sweeps come by', async () => {
    const site = virtualSite({ CT: { late: 'hold' } });
    site.send('CT', { at: 0, number: 1 }, { at: 100, number: 2 }, { at: 5000, number: 3 });
    await site.pass(80_000);
    const [, held] = generations(site);

    expect(held).toMatchObject({ state: 'COLLECTING', held: true, late: 'hold', instanceCount: 2 });
    expect(site.sessions).toHaveLength(1);

    site.releaseAll(80_001);
    await site.pass(80_010);
    const [, released] = generations(site);

    expect(released).toMatchObject({ state: 'RELEASED', held: false, closedBecause: 'manual' });
    expect(counts(site)).toEqual([1, 2]);
  });

  it('hold: after the window the key starts afresh, and what is held still waits', async () => {
    const site = virtualSite({ CT: { late: 'hold', lateWindow: 60 } });
    site.send('CT', { at: 0, number: 1 }, { at: 30, number: 2 }, { at: 100, number: 3 });
    await site.pass(300);
    const [first, held, afresh] = generations(site);

    expect([first, afresh].map((group) => group && site.numbersOf(group))).toEqual([[1], [3]]);
    expect(afresh).toMatchObject({ state: 'RELEASED' });
    expect(afresh?.late).toBeUndefined();
    expect(held).toMatchObject({ state: 'COLLECTING', held: true });
    expect(held && site.numbersOf(held)).toEqual([2]);

    site.releaseAll(301);
    await site.pass(320);

    expect(held && site.numbersOf(held)).toEqual([2]);
    expect(counts(site)).toEqual([1, 1, 1]);
  });

  it.each(['new', 'rerun', 'hold'])('%s: after the window the key starts afresh', async (late) => {
    const site = await twice({ late, lateWindow: 60 }, 0, 70);

    const [, second] = generations(site);
    expect(second && site.numbersOf(second)).toEqual([2]);
    expect(second?.late).toBeUndefined();
    expect(second?.state).toBe('RELEASED');
  });

  it('a group that a person completes is released at once, and what follows is late', async () => {
    const site = virtualSite({ CT: { timeout: 600, late: 'new' } });
    site.send('CT', { at: 0, number: 1 }, { at: 20, number: 2 });
    site.releaseAll(10);
    await site.pass(1000);

    const [first, second] = generations(site);
    expect(first?.closedBecause).toBe('manual');
    expect(site.releases()[0]).toBeLessThan(10 + LAG);
    expect(second).toMatchObject({ late: 'new', closedBecause: 'quiet' });
  });
});
