/**
 * Instances that their AE title ignores: counted by SOP class, and told as decisions. Counting is not allowed to
 * slow a sender down: one update is under way at a time, and the next one has the counts that came meanwhile.
 */
import { limit } from '../../aws/time-limit.ts';
import { sopClassName } from '../../core/configuration/sop-classes.ts';
import type { Clock } from '../../core/contracts/ports.ts';
import type { GroupStore } from '../../core/processors/group-store.ts';
import { errorName, type ListenerLog } from '../listener-log.ts';
import type { ReceptionContext } from '../services/instance-receiver.ts';
import { RECORD_LIMIT_MS, type InstanceDecisions } from './instance-decisions.ts';

export interface IgnoredInstance {
  readonly context: ReceptionContext;
  readonly studyInstanceUid: string;
  /** See ignoredBecause. */
  readonly reason: string;
}

export const createIgnoredInstances = (deps: {
  readonly groups: Pick<GroupStore, 'countIgnored'>;
  readonly decisions: Pick<InstanceDecisions, 'record'>;
  readonly clock: Clock;
  readonly log: ListenerLog;
}) => {
  const { groups, decisions, clock, log } = deps;
  const uncounted = new Map<string, number>();
  const counting = new Map<string, Promise<void>>();

  const tell = ({ context, studyInstanceUid, reason }: IgnoredInstance): Promise<void> => {
    const { sopClassUid, calledAeTitle, callingAeTitle } = context;
    return decisions.record({
      context,
      code: 'instance-ignored',
      kind: sopClassUid,
      message:
        `${callingAeTitle} sent instances of ${sopClassName(sopClassUid)} that were acknowledged and ` +
        `not kept: ${reason}. To see its lists: gantry ae-title show '${calledAeTitle}'`,
      studyInstanceUid,
    });
  };

  const stored = async (
    { calledAeTitle: aeTitle, sopClassUid }: ReceptionContext,
    count: number,
  ): Promise<boolean> => {
    try {
      await limit(
        groups.countIgnored({ aeTitle, sopClassUid, count, lastAt: clock() }),
        RECORD_LIMIT_MS,
      );
      return true;
    } catch (error) {
      log.warn('A count could not be stored', { error: errorName(error) });
      return false;
    }
  };

  const countAll = async (context: ReceptionContext, id: string): Promise<void> => {
    for (;;) {
      const count = uncounted.get(id) ?? 0;
      if (count === 0) break;
      uncounted.delete(id);
      if (await stored(context, count)) continue;
      // The next ignored instance tries again.
      uncounted.set(id, count + (uncounted.get(id) ?? 0));
      break;
    }
    // In the same turn, so that whoever comes next begins anew.
    counting.delete(id);
  };

  const count = async (context: ReceptionContext): Promise<void> => {
    const id = `${context.calledAeTitle} ${context.sopClassUid}`;
    uncounted.set(id, (uncounted.get(id) ?? 0) + 1);
    const running = counting.get(id) ?? countAll(context, id);
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
