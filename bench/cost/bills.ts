/** All bills together: of each profile at rest, and of a thousand studies. */
import { synthesisedResources } from '../../infra/synthesis.ts';
import { billAtRest } from './at-rest.ts';
import type { Line } from './line.ts';
import { ingestAndControl, workersAndStorage } from './per-study.ts';
import { PROFILES, SITES, type Profile } from './sites.ts';

export interface Bills {
  readonly atRest: readonly {
    readonly profile: Profile;
    readonly note: string;
    readonly lines: readonly Line[];
  }[];
  readonly ingestAndControl: readonly Line[];
  readonly workersAndStorage: readonly Line[];
}

/** Synthesises each profile, which takes some seconds; throws NoPrice. */
export const allBills = (): Bills => ({
  atRest: PROFILES.map((profile) => {
    const { site, note } = SITES[profile];
    return { profile, note, lines: billAtRest(synthesisedResources(site)) };
  }),
  ingestAndControl: ingestAndControl(),
  workersAndStorage: workersAndStorage(),
});
