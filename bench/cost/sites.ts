/** The sites of which the cost is computed: one for each profile, as they would stand in cdk.json. */

/** Modalities come over one VPN connection, as those of a hospital do. */
const network = {
  connection: {
    kind: 'site-to-site',
    sites: [{ name: 'hospital', address: '198.51.100.17', networks: ['10.20.0.0/16'] }],
  },
};

const lean = { profile: 'lean', network };
const standard = { profile: 'standard', network };
const isolated = { profile: 'isolated', network };

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
