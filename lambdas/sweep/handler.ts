/**
 * Each minute, and once when the embedded cloud starts: finds what was lost on the way, and starts it again.
 * Its parts do not depend on each other: if one fails, the others are done all the same.
 */
import type { Logger } from '@aws-lambda-powertools/logger';
import { z } from 'zod';
import { errorFacts } from '../../core/contracts/message-body.ts';
import type { PlatformMetric } from '../../core/contracts/metrics.ts';
import {
  sweepSessions,
  type SweepOptions,
  type SweepSessionsDependencies,
} from '../../core/running/sweep-sessions.ts';

/** Of each hour: reading the lists of all caches, or of all groups of an hour, is too much for every minute. */
const CACHES_AT_MINUTE = 7;
const SENDERS_AT_MINUTE = 3;

/** EventBridge's own event has neither. */
const SweepEvent = z.object({ startup: z.boolean().default(false) });

export interface SweepHandlerDependencies extends SweepSessionsDependencies {
  /** Repairs groups: lost checks, claimed groups without sessions. Answers with numbers for the log. */
  readonly sweepGroups: (options: SweepOptions) => Promise<object>;
  /** Tells a site's processors again of what nobody has delivered. */
  readonly sweepDeliveries: () => Promise<object>;
  /** Once an hour: hands over what caches have had for longer than their retention. */
  readonly sweepCaches: () => Promise<object>;
  /** Removes what sessions that failed have kept long enough; for how many. */
  readonly removeKeptData: () => Promise<number>;
  /** What the alarms watch, for the log that metrics are made of. */
  readonly platformState: () => Promise<Partial<Record<PlatformMetric, number>>>;
  /** Once an hour: the senders that usually send at this time, and do not. */
  readonly silentSenders: () => Promise<readonly string[]>;
  readonly report: (values: Partial<Record<PlatformMetric, number>>) => void;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
}

export const makeHandler = (deps: SweepHandlerDependencies) => {
  const { logger, sweepGroups, sweepDeliveries, sweepCaches, removeKeptData, clock } = deps;
  const reportState = async () => {
    const values = await deps.platformState();
    deps.report(values);
    return values;
  };
  const reportSenders = async () => {
    const silent = await deps.silentSenders();
    deps.report({ silentSenders: silent.length });
    if (silent.length > 0) logger.warn('senders are silent that usually send', { silent });
    return { silent: silent.length };
  };
  const parts = {
    groups: sweepGroups,
    sessions: (options: SweepOptions) => sweepSessions(deps, options),
    deliveries: sweepDeliveries,
    keptData: async () => ({ sessions: await removeKeptData() }),
    state: reportState,
  };
  const partsOfNow = () => {
    const minute = new Date(clock()).getUTCMinutes();
    return {
      ...parts,
      ...(minute === CACHES_AT_MINUTE ? { caches: sweepCaches } : {}),
      ...(minute === SENDERS_AT_MINUTE ? { senders: reportSenders } : {}),
    };
  };

  return async (event: unknown): Promise<Record<string, object>> => {
    const options = SweepEvent.parse(event);
    const reports: Record<string, object> = {};
    const failures: unknown[] = [];
    for (const [part, sweep] of Object.entries(partsOfNow())) {
      try {
        reports[part] = await sweep(options);
      } catch (error) {
        failures.push(error);
        logger.error('a part of the sweep failed', { part, ...errorFacts(error) });
      }
    }
    logger.info('swept', { startup: options.startup, ...reports });
    if (failures.length > 0) throw new AggregateError(failures, 'the sweep was not complete');
    return reports;
  };
};
