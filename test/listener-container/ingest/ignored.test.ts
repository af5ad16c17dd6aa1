/** SOP classes that an AE title does not group: acknowledged, not kept, counted, and told to whoever looks. */
import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BENCH_AE_TITLE, openIngestBench, type IngestBench } from '../../support/ingest-bench.ts';
import { CT_IMAGE, receive } from '../../support/received-instances.ts';

const MR_IMAGE = '1.2.840.10008.5.1.4.1.1.4';

let bench: IngestBench;
beforeEach(async () => {
  bench = await openIngestBench();
});
afterEach(() => bench.close());

const told = (lists: { accept?: string[]; ignore?: string[] }) =>
  bench.ingest({ aeTitle: () => Promise.resolve({ ...BENCH_AE_TITLE, ...lists }) });
const ct = (number: number) => ({ sopInstanceUid: `1.2.3.${number}` });
const mr = (number: number) => ({ ...ct(number), sopClassUid: MR_IMAGE });

describe('ignored SOP classes', () => {
  it('are acknowledged and neither stored nor spooled', async () => {
    const receiver = told({ ignore: [CT_IMAGE] });

    const outcome = await receive(receiver, { ...ct(1), pixels: 9_000_000 });

    expect(outcome).toEqual({ status: 0 });
    expect(bench.stored).toEqual([]);
    expect(bench.groups.instanceItems.size + bench.groups.groupItems.size).toBe(0);
    expect(bench.groups.unrouted).toEqual([]);
    expect(await readdir(bench.spoolDirectory)).toEqual([]);
  });

  it.each([
    ['of those ignored', { ignore: [MR_IMAGE] }, ['1.2.3.1']],
    ['not of those accepted', { accept: [CT_IMAGE] }, ['1.2.3.1']],
    ['accepted and ignored', { accept: [CT_IMAGE, MR_IMAGE], ignore: [MR_IMAGE] }, ['1.2.3.1']],
    ['everything', { accept: [], ignore: [CT_IMAGE, MR_IMAGE] }, []],
    ['nothing', { accept: [], ignore: [] }, ['1.2.3.1', '1.2.3.2']],
  ])('are what is %s', async (_what, lists, kept) => {
    const receiver = told(lists);
    await receive(receiver, ct(1));
    await receive(receiver, mr(2));

    const items = [...bench.groups.instanceItems.values()];
    expect(items.map(({ sopInstanceUid }) => sopInstanceUid)).toEqual(kept);
  });

  it('are counted by SOP class, also when many come at once', async () => {
    const receiver = told({ ignore: [CT_IMAGE, MR_IMAGE] });

    await Promise.all(
      Array.from({ length: 40 }, (_, number) =>
        receive(receiver, number % 4 === 0 ? mr(number) : ct(number)),
      ),
    );

    expect(Object.fromEntries(bench.groups.ignored)).toEqual({ [CT_IMAGE]: 30, [MR_IMAGE]: 10 });
  });

  it('make one decision record for each association and SOP class, found by the study', async () => {
    const receiver = told({ ignore: [CT_IMAGE, MR_IMAGE] });
    const from = (associationId: string) => ({ context: { associationId } });
    for (const number of [1, 2, 3]) await receive(receiver, ct(number), from('a1'));
    await receive(receiver, mr(4), from('a1'));
    await receive(receiver, { ...ct(5), studyInstanceUid: '1.9' }, from('a2'));

    expect(bench.groups.decisions).toMatchObject([
      {
        code: 'instance-ignored',
        aeTitle: 'GANTRY',
        callingAeTitle: 'CT1',
        studyInstanceUid: '1.2.3',
      },
      { code: 'instance-ignored' },
      { code: 'instance-ignored', studyInstanceUid: '1.9' },
    ]);
    expect(bench.groups.decisions[0]?.message).toBe(
      'CT1 sent instances of CT Image Storage that were acknowledged and not kept: GANTRY ignores ' +
        "this SOP class. To see its lists: gantry ae-title show 'GANTRY'",
    );
  });

  it('are acknowledged although they cannot be counted, which the next one makes up for', async () => {
    let broken = true;
    const countIgnored: typeof bench.groups.countIgnored = (ignored) =>
      broken ? Promise.reject(new Error('throttled')) : bench.groups.countIgnored(ignored);
    const receiver = bench.ingest({
      groups: { ...bench.groups, countIgnored },
      aeTitle: () => Promise.resolve({ ...BENCH_AE_TITLE, ignore: [CT_IMAGE] }),
    });

    const first = await receive(receiver, ct(1));
    broken = false;
    const second = await receive(receiver, ct(2));

    expect([first.status, second.status]).toEqual([0, 0]);
    expect(bench.groups.ignored.get(CT_IMAGE)).toBe(2);
  });

  it('do not excuse a data set that is not the announced instance', async () => {
    const outcome = await receive(told({ ignore: [CT_IMAGE] }), mr(1), {
      context: { sopClassUid: CT_IMAGE },
    });

    expect(outcome.status).toBe(0xa900);
    expect(bench.groups.ignored.size).toBe(0);
    expect(bench.groups.decisions[0]?.message).toContain('no setting changes this');
  });
});
