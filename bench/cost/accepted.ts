/** The sums that were last accepted: accepted.json, written by `npm run bench -- cost` and committed with the change. */
import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { Bills } from './bills.ts';
import { total } from './line.ts';
import { PROFILES, type Profile } from './sites.ts';

const FILE = new URL('accepted.json', import.meta.url);

const Sums = z.object({
  atRest: z.record(z.enum(['lean', 'standard', 'isolated']), z.number()),
  thousandStudies: z.number(),
});
/** USD: by profile for a month at rest; of ingest and control for a thousand studies. */
export type Sums = z.infer<typeof Sums>;

const cents = (usd: number): number => Math.round(usd * 100) / 100;

export const sumsOf = ({ atRest, ingestAndControl }: Bills): Sums => ({
  atRest: Object.fromEntries(
    atRest.map(({ profile, lines }) => [profile, cents(total(lines))]),
  ) as Record<Profile, number>,
  thousandStudies: cents(total(ingestAndControl)),
});

export const acceptedSums = (): Sums => Sums.parse(JSON.parse(readFileSync(FILE, 'utf8')));

export const acceptSums = (sums: Sums): void => {
  writeFileSync(FILE, `${JSON.stringify(sums, undefined, 2)}\n`);
};

/** A rise of more than this part is for a person to accept. */
const TOLERANCE = 0.1;

/** One sentence for each sum that has risen too far; each says how to accept it. */
export const risesOf = (now: Sums, accepted: Sums): string[] => {
  const rise = (what: string, before: number, after: number): string[] =>
    after > before * (1 + TOLERANCE)
      ? [
          `${what} would cost ${after} USD instead of ${before}: if that is meant, run ` +
            '`npm run bench -- cost` and commit what it writes, with the reason',
        ]
      : [];
  return [
    ...PROFILES.flatMap((profile) =>
      rise(`a month of ${profile} at rest`, accepted.atRest[profile], now.atRest[profile]),
    ),
    ...rise('a thousand studies', accepted.thousandStudies, now.thousandStudies),
  ];
};
