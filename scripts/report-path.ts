/** Where `npm test` leaves the reports of the test runners, for what reads them afterwards. */
import { join } from 'node:path';
import { REPOSITORY } from './python-tools.ts';

/** The folder is made by `npm test`. */
export const REPORTS = join(REPOSITORY, '.gantry', 'reports');

export const reportPath = (name: string): string => join(REPORTS, name);
