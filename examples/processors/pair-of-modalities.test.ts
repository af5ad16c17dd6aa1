/** Tests as a site writes them: instances come, time passes, and one looks at what was submitted. */
import { describe, expect, it } from 'vitest';
import { processorKit } from '../../core/processors/extension/test-kit.ts';
import { PairOfModalities } from './pair-of-modalities.ts';

const kit = (settings: Record<string, unknown> = {}) =>
  processorKit('pair-of-modalities', PairOfModalities, {
    settings: { quiet: 30, wait: 600, pipeline: 'fusion', ...settings },
  });

describe('pair-of-modalities', () => {
  it('makes one session of a study that has both, when it has been quiet', async () => {
    const site = kit();

    await site.receive({ modality: 'CT' }, { modality: 'CT' });
    await site.pass(300);
    await site.receive({ modality: 'PT' });
    await site.pass(29);
    expect(site.submissions).toEqual([]);
    await site.pass(1);

    expect(site.submissions).toHaveLength(1);
    expect(site.submissions[0]).toMatchObject({ pipelineId: 'fusion', priority: 'normal' });
    expect(site.submissions[0]?.instances).toHaveLength(3);
  });

  it('waits anew after each image', async () => {
    const site = kit();

    await site.receive({ modality: 'CT' }, { modality: 'PT' });
    await site.pass(20);
    await site.receive({ modality: 'PT' });
    await site.pass(20);
    expect(site.submissions).toEqual([]);
    await site.pass(10);

    expect(site.submissions[0]?.instances).toHaveLength(3);
  });

  it('keeps studies apart', async () => {
    const site = kit();

    await site.receive({ study: '1.2.3', modality: 'CT' }, { study: '1.2.4', modality: 'PT' });
    await site.pass(599);

    expect(site.submissions).toEqual([]);
  });

  it.each([
    ['leave', 0],
    ['submit', 1],
  ])('with alone: %s makes %d sessions of a study that stays alone', async (alone, sessions) => {
    const site = kit({ alone });

    await site.receive({ modality: 'CT' });
    await site.pass(600);

    expect(site.submissions).toHaveLength(sessions);
  });

  it('makes one session though every instance is delivered twice', async () => {
    const site = kit();

    await site.receive({ modality: 'CT' }, { modality: 'PT' });
    await site.pass(30);
    await site.deliverAgain();
    await site.pass(60);

    expect(site.submissions).toHaveLength(1);
  });
});
