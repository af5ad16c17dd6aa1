/** The sites of which the cost is computed: one for each profile, as they would stand in cdk.json. */

const lean = { profile: 'lean' };
const standard = { profile: 'standard' };
const isolated = { profile: 'isolated' };

/** By profile; `note` says what the reader of its bill has to know. */
export const SITES = {
  lean: { site: lean, note: 'one listener task, one NAT gateway' },
  standard: { site: standard, note: 'two listener tasks in two zones, one NAT gateway' },
  isolated: {
    site: isolated,
    note: 'two listener tasks in two zones, interface endpoints in both',
  },
} as const;

export type Profile = keyof typeof SITES;

export const PROFILES = Object.keys(SITES) as Profile[];
