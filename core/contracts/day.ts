/** The length of a day, for whoever counts time in days: retentions, audits, records by date. */

/** Of UTC, which every stored time is of: it has no days of 23 or 25 hours. */
export const DAY_MS = 86_400_000;
