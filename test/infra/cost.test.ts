/** The bill: every resource has a price, the goals hold, and no change raises a sum by a tenth unnoticed. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { acceptedSums, risesOf, sumsOf, type Sums } from '../../bench/cost/accepted.ts';
import { billAtRest, NoPrice } from '../../bench/cost/at-rest.ts';
import { allBills } from '../../bench/cost/bills.ts';
import { costDocument, GOALS } from '../../bench/cost/document.ts';

const bills = allBills();
const now = sumsOf(bills);

describe('the bill', () => {
  it('has risen by less than a tenth since it was last accepted', () => {
    expect(risesOf(now, acceptedSums())).toEqual([]);
  });

  it('of the standard profile at rest and of a thousand studies is within its goals', () => {
    expect(now.atRest.standard).toBeLessThanOrEqual(GOALS.standardAtRest);
    expect(now.thousandStudies).toBeLessThanOrEqual(GOALS.thousandStudies);
  });

  it('prices the listener by its tasks and the endpoints by their zones', () => {
    const usd = (profile: string, what: string): number =>
      bills.atRest
        .find((bill) => bill.profile === profile)
        ?.lines.find((line) => line.what === what)?.usd ?? 0;

    expect(usd('standard', 'Listener on Fargate')).toBeCloseTo(
      2 * usd('lean', 'Listener on Fargate'),
    );
    expect(usd('standard', 'NAT gateway')).toBeCloseTo(32.85);
    expect(usd('isolated', 'NAT gateway')).toBe(0);
    expect(usd('isolated', 'Interface endpoint')).toBeGreaterThan(50);
  });

  it('is refused for a type of resource that nobody has priced', () => {
    const resources = new Map([['Stack/Thing', { Type: 'AWS::Quantum::Computer' }]]);

    expect(() => billAtRest(resources)).toThrow(NoPrice);
  });

  it('of each profile has the VPN connection by which the hospital comes', () => {
    for (const { lines } of bills.atRest) {
      expect(lines.find(({ what }) => what === 'VPN connection')?.usd).toBeCloseTo(36.5);
    }
  });

  it('is what docs/cost.md says (npm run bench -- cost writes it anew)', () => {
    const written = readFileSync(new URL('../../docs/cost.md', import.meta.url), 'utf8');

    expect(costDocument(bills)).toBe(written);
  });
});

describe('a rise', () => {
  const accepted: Sums = {
    atRest: { lean: 80, standard: 100, isolated: 180 },
    thousandStudies: 7,
  };

  it('of a tenth is let through, of more is told with the way to accept it', () => {
    const within = { ...accepted, thousandStudies: 7.7 };
    const beyond = {
      atRest: { ...accepted.atRest, standard: 110.01 },
      thousandStudies: 7.71,
    };

    expect(risesOf(within, accepted)).toEqual([]);
    expect(risesOf(beyond, accepted)).toEqual([
      expect.stringMatching(/standard at rest.*110.01.*100.*npm run bench -- cost/),
      expect.stringMatching(/thousand studies.*7.71/),
    ]);
  });
});
