/** Each minute, and once a day with `daily`: a bounded run of the storage space reclaimer. Its numbers go to the log. */
import type { Logger } from '@aws-lambda-powertools/logger';
import { z } from 'zod';
import {
  runReclaimer,
  type ReclaimRun,
  type ReclaimRunDependencies,
} from '../../core/processors/reclaim-run.ts';

/** A run ends before the next one begins, and long before the function would be ended. */
const RUN_MS = 45_000;

/** EventBridge's own event has none of it. */
const ReclaimEvent = z.object({ daily: z.boolean().default(false) });

export interface ReclaimHandlerDependencies extends ReclaimRunDependencies {
  readonly logger: Pick<Logger, 'info' | 'error'>;
}

/** Some of what is to be deleted could not be; the next run tries again. */
export class ReclaimIncomplete extends Error {
  override readonly name = 'ReclaimIncomplete';
  readonly failures: readonly string[];
  constructor(failures: readonly string[]) {
    super(`${String(failures.length)} steps failed and will be tried again`);
    this.failures = failures;
  }
}

export const makeHandler =
  (deps: ReclaimHandlerDependencies) =>
  async (event: unknown): Promise<ReclaimRun> => {
    const { daily } = ReclaimEvent.parse(event);
    const run = await runReclaimer(deps, { until: deps.clock() + RUN_MS, isFull: daily });
    deps.logger.info('reclaimed', { ...run });
    // A failed invocation is what an alarm sees.
    if (run.failures.length > 0) throw new ReclaimIncomplete(run.failures);
    return run;
  };
