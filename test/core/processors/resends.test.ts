/** The same SOP instance again: with the same bytes it changes nothing, with other bytes the policy decides. */
import { describe, expect, it } from 'vitest';
import { manifestInstances } from '../../../core/processors/members.ts';
import { virtualSite } from '../../support/virtual-site.ts';

const LAG = 0.7;
const hashes = (site: ReturnType<typeof virtualSite>): string[][] =>
  [...site.groups.manifests.values()].map((manifest) =>
    manifestInstances(manifest).map(({ sha256 }) => sha256),
  );

describe('the same bytes again', () => {
  const first = [0, 0.2, 0.4].map((at, index) => ({ at, number: index + 1 }));
  const again = first.map(({ number }) => ({ at: 15, number }));

  it('do not start the quiet time anew', async () => {
    const site = virtualSite({ CT: { timeout: 20 } });
    site.send('CT', ...first, ...again);
    await site.pass(120);

    expect(site.releases()).toHaveLength(1);
    expect(site.releases()[0]).toBeLessThan(0.4 + 20 + LAG);
    expect(hashes(site)).toEqual([['1.2.1', '1.2.2', '1.2.3']]);
  });

  it('start it anew if so configured, and are counted once', async () => {
    const site = virtualSite({ CT: { timeout: 20, resends: 'restart' } });
    site.send('CT', ...first, ...again);
    await site.pass(120);

    expect(site.releases()[0]).toBeGreaterThanOrEqual(35);
    expect(site.releases()).toHaveLength(1);
    expect(hashes(site)).toEqual([['1.2.1', '1.2.2', '1.2.3']]);
  });

  it('change nothing after the release either', async () => {
    const site = virtualSite({ CT: { timeout: 5, resends: 'restart' } });
    site.send('CT', ...first, { at: 30, number: 1 });
    await site.pass(120);

    expect(site.groups.groupItems.size).toBe(1);
  });
});

describe('other bytes of the same SOP instance', () => {
  const sent = [
    { at: 0, number: 1 },
    { at: 1, number: 1, bytes: 'b' },
    { at: 2, number: 2 },
  ];

  it('are in the group beside the first ones', async () => {
    const site = virtualSite({ CT: { timeout: 5 } });
    site.send('CT', ...sent);
    await site.pass(60);

    expect(hashes(site)).toEqual([['1.2.1', '1.2.1b', '1.2.2']]);
  });

  it('replace them under replace, also when the first ones come again', async () => {
    const site = virtualSite({ CT: { timeout: 5, duplicates: 'replace' } });
    site.send('CT', ...sent, { at: 3, number: 1 });
    await site.pass(60);

    expect(hashes(site)).toEqual([['1.2.1b', '1.2.2']]);
  });

  it('make a group of their own under replace when the first ones were sealed', async () => {
    const site = virtualSite({ CT: { timeout: 5, duplicates: 'replace' } });
    site.send('CT', { at: 0, number: 1 }, { at: 20, number: 1, bytes: 'b' });
    await site.pass(60);

    expect(hashes(site)).toEqual([['1.2.1'], ['1.2.1b']]);
  });

  it('take their place in a rerun under replace', async () => {
    const site = virtualSite({ CT: { timeout: 5, duplicates: 'replace', late: 'rerun' } });
    site.send('CT', ...sent, { at: 20, number: 1, bytes: 'c' });
    await site.pass(60);

    expect(hashes(site)).toEqual([
      ['1.2.1b', '1.2.2'],
      ['1.2.2', '1.2.1c'],
    ]);
  });
});
