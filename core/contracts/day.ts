/** Times as they are written, and days: for retentions, audits, records by date. */

/** Of UTC, which every stored time is of: it has no days of 23 or 25 hours. */
export const DAY_MS = 86_400_000;

/** ISO 8601 with milliseconds, in UTC: such texts sort as the times do. `at`: milliseconds since the epoch. */
export const isoTime = (at: number): string => new Date(at).toISOString();

/** `YYYY-MM-DD` of UTC. */
export const dayOf = (at: number): string => isoTime(at).slice(0, 'YYYY-MM-DD'.length);
