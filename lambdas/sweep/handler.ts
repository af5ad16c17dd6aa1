/**
 * Each minute, and once when the embedded cloud starts: finds what was lost on the way, and starts it again.
 * The two halves do not depend on each other: if one fails, the other is done all the same.
 */
import type { Logger } from '@aws-lambda-powertools/logger';
import { z } from 'zod';
import {
  sweepSessions,
  type SweepOptions,
  type SweepSessionsDependencies,
} from '../../core/running/sweep-sessions.ts';

/** EventBridge's own event has neither. */
const SweepEvent = z.object({ startup: z.boolean().default(false) });

export interface SweepHandlerDependencies extends SweepSessionsDependencies {
  /** Repairs groups: lost checks, claimed groups without sessions. Answers with numbers for the log. */
  readonly sweepGroups: (options: SweepOptions) => Promise<object>;
  readonly logger: Pick<Logger, 'info' | 'error'>;
}

export const makeHandler = (deps: SweepHandlerDependencies) => {
  const { logger, sweepGroups } = deps;
  const halves = { groups: sweepGroups, sessions: (o: SweepOptions) => sweepSessions(deps, o) };

  return async (event: unknown): Promise<Record<string, object>> => {
    const options = SweepEvent.parse(event);
    const reports: Record<string, object> = {};
    const failures: unknown[] = [];
    for (const [half, sweep] of Object.entries(halves)) {
      try {
        reports[half] = await sweep(options);
      } catch (error) {
        failures.push(error);
        const facts = error instanceof Error ? { error: error.name } : {};
        logger.error('a half of the sweep failed', { half, ...facts });
      }
    }
    logger.info('swept', { startup: options.startup, ...reports });
    if (failures.length > 0) throw new AggregateError(failures, 'the sweep was not complete');
    return reports;
  };
};
