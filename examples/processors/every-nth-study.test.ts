/** Every n-th study becomes a session, whatever is delivered twice. */
import { describe, expect, it } from 'vitest';
import { processorKit } from '../../core/processors/extension/test-kit.ts';
import { EveryNthStudy } from './every-nth-study.ts';

const kit = (n: number) =>
  processorKit('every-nth-study', EveryNthStudy, { settings: { n, quiet: 10 } });

const study = (number: number) => ({ study: `1.2.${number}` });

describe('every-nth-study', () => {
  it('makes sessions of the third and the sixth of seven studies, and hands the others over', async () => {
    const site = kit(3);

    for (const number of [1, 2, 3, 4, 5, 6, 7]) {
      await site.receive(study(number), study(number));
      await site.pass(11);
    }

    expect(site.submissions.map(({ instances }) => instances[0]?.studyInstanceUid)).toEqual([
      '1.2.3',
      '1.2.6',
    ]);
    expect(site.submissions.every(({ instances }) => instances.length === 2)).toBe(true);
    expect(site.removed).toHaveLength(10);
  });

  it('counts a study once, however often it is delivered', async () => {
    const site = kit(2);

    await site.receive(study(1));
    await site.pass(11);
    await site.deliverAgain();
    await site.pass(11);
    await site.receive(study(2));
    await site.pass(11);

    expect(site.submissions.map(({ instances }) => instances[0]?.studyInstanceUid)).toEqual([
      '1.2.2',
    ]);
  });
});
