/**
 * Time limits as service packages write them: `1h`, `30m`, `1w2d`, a number of seconds, or null for the
 * default. The original reads the same texts; only here are they enforced.
 */

export const DEFAULT_TIMEOUT_SECONDS = 3600;

/** SQS ends every lease of a message after 12 hours; an hour of that stays for staging and reporting. */
export const MAXIMUM_TIMEOUT_SECONDS = 11 * 3600;

const SECONDS_OF_UNIT: Readonly<Record<string, number>> = {
  w: 604_800,
  d: 86_400,
  h: 3600,
  m: 60,
  s: 1,
};

export type Duration =
  | { readonly ok: true; readonly seconds: number }
  | { readonly ok: false; readonly problem: string };

const FORMS = 'write "30m", "1h", "1h30m" or a number of seconds';

const secondsOf = (text: string): number | undefined => {
  const compact = text.replace(/\s+/g, '').toLowerCase();
  if (/^\d+(\.\d+)?$/.test(compact)) return Number(compact);
  if (!/^(\d+(\.\d+)?[wdhms])+$/.test(compact)) return undefined;
  let seconds = 0;
  for (const [, amount, unit] of compact.matchAll(/(\d+(?:\.\d+)?)([wdhms])/g)) {
    seconds += Number(amount) * (SECONDS_OF_UNIT[unit ?? ''] ?? 0);
  }
  return seconds;
};

/** A duration of 0 or more seconds, rounded up to whole ones. */
export const parseDuration = (value: unknown): Duration => {
  const seconds =
    typeof value === 'number' ? value : typeof value === 'string' ? secondsOf(value) : undefined;
  if (seconds === undefined || !Number.isFinite(seconds) || seconds < 0) {
    return { ok: false, problem: `is not a duration: ${JSON.stringify(value)}; ${FORMS}` };
  }
  return { ok: true, seconds: Math.ceil(seconds) };
};

/** The job's `timeout` in whole seconds, rounded up; null, missing and an empty text are one hour. */
export const parseTimeout = (value: unknown): Duration => {
  if (value === null || value === undefined || value === '') {
    return { ok: true, seconds: DEFAULT_TIMEOUT_SECONDS };
  }
  if (typeof value === 'number' && value <= 0) {
    return { ok: false, problem: `must be longer than 0 seconds; ${FORMS}` };
  }
  const duration = parseDuration(value);
  if (!duration.ok) return duration;
  if (duration.seconds === 0) {
    return { ok: false, problem: `must be longer than 0 seconds; ${FORMS}` };
  }
  return duration.seconds <= MAXIMUM_TIMEOUT_SECONDS
    ? duration
    : {
        ok: false,
        problem: `is ${JSON.stringify(value)}, but no job may run longer than 11h; split the job or lower its timeout`,
      };
};
