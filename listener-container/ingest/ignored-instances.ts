/**
 * Instances that their AE title ignores: counted by SOP class, and told once for each association and SOP class.
 * Counting is not allowed to slow a sender down: one update is under way at a time, and the next one has the
 * counts that came meanwhile.
 */
import { randomUUID } from 'node:crypto';
import { sopClassName } from '../../core/configuration/sop-classes.ts';
import type { Clock } from '../../core/contracts/ports.ts';
import type { GroupStore } from '../../core/processors/group-store.ts';
import { errorName, type ListenerLog } from '../listener-log.ts';
import type { ReceptionContext } from '../services/instance-receiver.ts';

export interface IgnoredInstance {
  readonly context: ReceptionContext;
  readonly studyInstanceUid: string;
  /** See ignoredBecause. */
  readonly reason: string;
}

/** Of associations and SOP classes that were told; beyond, the longest known are forgotten. */
const MAX_TOLD = 10_000;

export const createIgnoredInstances = (deps: {
  readonly groups: Pick<GroupStore, 'countIgnored' | 'recordDecision'>;
  readonly clock: Clock;
  readonly log: ListenerLog;
}) => {
  const { groups, clock, log } = deps;
  const told = new Set<string>();
  const uncounted = new Map<string, number>();
  const counting = new Map<string, Promise<void>>();

  const attempt = async (what: string, call: () => Promise<void>): Promise<boolean> => {
    try {
      await call();
      return true;
    } catch (error) {
      log.warn(`${what} could not be stored`, { error: errorName(error) });
      return false;
    }
  };

  const tell = async ({ context, studyInstanceUid, reason }: IgnoredInstance): Promise<void> => {
    const { associationId, sopClassUid, calledAeTitle, callingAeTitle, remoteAddress } = context;
    const id = `${associationId} ${sopClassUid}`;
    if (told.has(id)) return;
    told.add(id);
    for (const oldest of told) {
      if (told.size <= MAX_TOLD) break;
      told.delete(oldest);
    }
    await attempt('A decision', () =>
      groups.recordDecision({
        id: randomUUID(),
        at: clock(),
        code: 'instance-ignored',
        message:
          `${callingAeTitle} sent instances of ${sopClassName(sopClassUid)} that were acknowledged and ` +
          `not kept: ${reason}. To see its lists: gantry ae-title show '${calledAeTitle}'`,
        aeTitle: calledAeTitle,
        callingAeTitle,
        remoteAddress,
        ...(studyInstanceUid === '' ? {} : { studyInstanceUid }),
      }),
    );
  };

  const countAll = async (aeTitle: string, sopClassUid: string, id: string): Promise<void> => {
    for (;;) {
      const count = uncounted.get(id) ?? 0;
      if (count === 0) break;
      uncounted.delete(id);
      const done = await attempt('A count', () =>
        groups.countIgnored({ aeTitle, sopClassUid, count, lastAt: clock() }),
      );
      if (done) continue;
      // The next ignored instance tries again.
      uncounted.set(id, count + (uncounted.get(id) ?? 0));
      break;
    }
    // In the same turn, so that whoever comes next begins anew.
    counting.delete(id);
  };

  const count = async ({ calledAeTitle, sopClassUid }: ReceptionContext): Promise<void> => {
    const id = `${calledAeTitle} ${sopClassUid}`;
    uncounted.set(id, (uncounted.get(id) ?? 0) + 1);
    const running = counting.get(id) ?? countAll(calledAeTitle, sopClassUid, id);
    counting.set(id, running);
    await running;
  };

  return {
    /** Resolves when it is counted, or could not be, which keeps no sender waiting for an answer. */
    ignore: async (instance: IgnoredInstance): Promise<void> => {
      await Promise.all([tell(instance), count(instance.context)]);
    },
  };
};

export type IgnoredInstances = ReturnType<typeof createIgnoredInstances>;
