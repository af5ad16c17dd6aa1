/**
 * Fields that packages may have here and that the original ignores: what a job or a worker needs of a computer,
 * and how a job is run. docs/dcm-processor.md has them for people.
 */
import { z } from 'zod';
import type { KeepWarm } from '../contracts/configuration.ts';
import { Priority, PRIORITIES } from '../contracts/vocabulary.ts';
import { parseDuration } from './durations.ts';
import { withoutUndefined } from './without-undefined.ts';

const MAXIMUM_GPUS = 16;
const MAXIMUM_CPUS = 192;
const MINIMUM_MEMORY_MIB = 64;
const MAXIMUM_MEMORY_MIB = 4 * 1024 ** 2;
const MAXIMUM_ATTEMPTS = 10;
/** The longest delay of a message in SQS: between two tries the job's message waits there. */
export const MAXIMUM_BACKOFF_SECONDS = 900;

const MEBIBYTES_OF_UNIT: Readonly<Record<string, number>> = { m: 1, g: 1024, t: 1024 ** 2 };

/** `512m`, `8g`, `8 GiB`, or a number of MiB; undefined when it is none of these. */
const mebibytesOf = (value: unknown): number | undefined => {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string') return undefined;
  const match = /^\s*(\d+(?:\.\d+)?)\s*([mgt])(?:i?b)?\s*$/i.exec(value);
  const unit = MEBIBYTES_OF_UNIT[match?.[2]?.toLowerCase() ?? ''];
  return unit === undefined ? undefined : Number(match?.[1]) * unit;
};

const isAbsent = (value: unknown): value is null | undefined =>
  value === null || value === undefined;

/** In MiB, rounded up. */
export const Memory = z
  .unknown()
  .optional()
  .transform((value, context): number | undefined => {
    if (isAbsent(value)) return undefined;
    const mebibytes = mebibytesOf(value);
    if (
      mebibytes === undefined ||
      mebibytes < MINIMUM_MEMORY_MIB ||
      mebibytes > MAXIMUM_MEMORY_MIB
    ) {
      context.addIssue(
        `is no amount of memory: ${JSON.stringify(value)}; write "512m", "8g" or a number of MiB, at least ${MINIMUM_MEMORY_MIB}`,
      );
      return z.NEVER;
    }
    return Math.ceil(mebibytes);
  });

const absentAsUndefined = <T>(value: T | null | undefined): T | undefined => value ?? undefined;

/** How many. */
export const Gpus = z
  .int('must be a number of GPUs: 0, 1, 2, …')
  .min(0, 'must not be negative')
  .max(MAXIMUM_GPUS, `is more than any computer has (${MAXIMUM_GPUS})`)
  .nullish()
  .transform(absentAsUndefined);

/** How many virtual CPUs. */
export const Cpus = z
  .number('must be a number of CPUs, such as 0.5 or 4')
  .positive('must be more than 0')
  .max(MAXIMUM_CPUS, `is more than any computer has (${MAXIMUM_CPUS})`)
  .nullish()
  .transform(absentAsUndefined);

export const JobPriority = z
  .enum(Priority.options, `must be one of ${PRIORITIES.join(', ')}`)
  .nullish()
  .transform(absentAsUndefined);

/** A time from `0s` on, in whole seconds; `most` is told when it is more. */
export const durationUpTo = (mostSeconds: number, most: string) =>
  z
    .unknown()
    .optional()
    .transform((value, context): number | undefined => {
      if (isAbsent(value)) return undefined;
      const duration = parseDuration(value);
      if (!duration.ok) {
        context.addIssue(duration.problem);
        return z.NEVER;
      }
      if (duration.seconds > mostSeconds) {
        context.addIssue(`must be at most ${most}`);
        return z.NEVER;
      }
      return duration.seconds;
    });

const ATTEMPTS = `must be a number from 1 to ${MAXIMUM_ATTEMPTS}: how often the job is run at most, the first time included`;

/**
 * Whether an attempt whose callback failed is followed by another; without it none is. Without a `backoff` the AE
 * title's `jobRetryDelay` counts.
 */
export const Retry = z
  .object(
    {
      attempts: z.int(ATTEMPTS).min(1, ATTEMPTS).max(MAXIMUM_ATTEMPTS, ATTEMPTS),
      backoff: durationUpTo(MAXIMUM_BACKOFF_SECONDS, '15m'),
    },
    'must be an object such as {"attempts": 3, "backoff": "30s"}',
  )
  .nullish()
  .transform((retry) =>
    isAbsent(retry)
      ? undefined
      : withoutUndefined({ attempts: retry.attempts, backoffSeconds: retry.backoff }),
  );

/** `true` is the cautious one: for jobs of the same session. */
export const Warm = z
  .union([z.boolean(), z.literal('all-sessions')], 'must be true, false or "all-sessions"')
  .nullish()
  .transform((value): z.infer<typeof KeepWarm> | undefined =>
    value === true ? 'session' : value === 'all-sessions' ? value : undefined,
  );
