/**
 * Each minute, and once a day with `daily`: a bounded run of the storage space reclaimer. Its numbers go to the log.
 * The daily one also deletes virtual environments that nobody uses; it audits what is stored afterwards, and keeps
 * what it found for who asks.
 */
import type { Logger } from '@aws-lambda-powertools/logger';
import { z } from 'zod';
import type { StorageAuditItem } from '../../core/contracts/storage-audit.ts';
import {
  reclaimEnvironments,
  type EnvironmentReclaimDependencies,
} from '../../core/processors/reclaim-environments.ts';
import {
  runReclaimer,
  type ReclaimRun,
  type ReclaimRunDependencies,
} from '../../core/processors/reclaim-run.ts';
import { auditStorage, type StorageInventory } from '../../core/processors/storage-audit.ts';

/** A run ends before the next one begins, and long before the function would be ended. */
const RUN_MS = 45_000;

/** With the run before it, and a page that takes long, less than the function's 300 s. */
const AUDIT_MS = 225_000;

/** EventBridge's own event has none of it. */
const ReclaimEvent = z.object({ daily: z.boolean().default(false) });

export interface ReclaimHandlerDependencies
  extends ReclaimRunDependencies, EnvironmentReclaimDependencies {
  readonly objects: ReclaimRunDependencies['objects'] & EnvironmentReclaimDependencies['objects'];
  readonly inventory: StorageInventory;
  readonly keepAudit: (audit: StorageAuditItem) => Promise<void>;
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

/** The log has its numbers: keys have UIDs in them. */
const audit = async (deps: ReclaimHandlerDependencies): Promise<void> => {
  const found = await auditStorage(deps, { until: deps.clock() + AUDIT_MS });
  await deps.keepAudit(found);
  const { objectsWithoutItem, itemsWithoutObject, ...facts } = found;
  deps.logger.info('audited', {
    ...facts,
    objectsWithoutItem: objectsWithoutItem.count,
    itemsWithoutObject: itemsWithoutObject.count,
  });
};

export const makeHandler =
  (deps: ReclaimHandlerDependencies) =>
  async (event: unknown): Promise<ReclaimRun> => {
    const { daily } = ReclaimEvent.parse(event);
    const run = await runReclaimer(deps, { until: deps.clock() + RUN_MS, isFull: daily });
    deps.logger.info('reclaimed', { ...run });
    if (daily) {
      deps.logger.info('reclaimed environments', { objects: await reclaimEnvironments(deps) });
      await audit(deps);
    }
    // A failed invocation is what an alarm sees.
    if (run.failures.length > 0) throw new ReclaimIncomplete(run.failures);
    return run;
  };
