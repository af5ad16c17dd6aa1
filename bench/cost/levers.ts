/** What would lower the bill of ingest and control, with its price in other things: for whoever wants it at 5 USD. */
import { PRICES } from './prices.ts';
import { INSTANCE_WRITE_UNITS, STUDY } from './study.ts';

const STUDIES = 1000;
const { instances, resultMegabytes, logMegabytes } = STUDY;

export interface Lever {
  readonly what: string;
  /** Less of a thousand studies, in USD. */
  readonly saves: number;
  readonly costs: string;
}

export const LEVERS: readonly Lever[] = [
  {
    what: 'Put ten small instances as one object',
    saves: STUDIES * instances * 0.9 * PRICES.objectPut,
    costs:
      'an acknowledgement waits for nine others, and a deletion of one instance rewrites an object',
  },
  {
    what: 'Hand results over in the Region instead of over the VPN',
    saves: (STUDIES * resultMegabytes * PRICES.internetOutGigabyte) / 1000,
    costs: 'whoever wants them fetches them',
  },
  {
    what: 'Log half as much',
    saves: (STUDIES * logMegabytes * PRICES.logsIngestedGigabyte) / 2000,
    costs: 'half of what a question about last week needs',
  },
  {
    what: 'Leave out the pointer by SOP Instance UID',
    saves: STUDIES * instances * (INSTANCE_WRITE_UNITS - 1) * PRICES.tableWriteUnit,
    costs: 'storage commitment and conflicts would need a query of every key',
  },
  {
    what: 'Stage a session once, for all of its runners',
    saves: STUDIES * instances * PRICES.objectGet,
    costs: 'a shared disk, or one runner for each session',
  },
].toSorted((one, other) => other.saves - one.saves);
