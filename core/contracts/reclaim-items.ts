/**
 * What was handed over to the storage space reclaimer, and what it must not touch. A hand-over is an item of the
 * partition of a key, found through the state index when it is due.
 */
import { z } from 'zod';

const Milliseconds = z.int().min(0);

/** Who gives instances away: the AE title's retention, a person, a job processor, or a policy of completeness. */
export const RECLAIM_REASONS = ['retention', 'person', 'processor', 'discarded', 'routed'] as const;
export const ReclaimReason = z.enum(RECLAIM_REASONS);
export type ReclaimReason = z.infer<typeof ReclaimReason>;

export const HandedOver = z.object({
  reason: ReclaimReason,
  /** Names the AE title, the processor or the person. */
  by: z.string(),
  at: Milliseconds,
});
export type HandedOver = z.infer<typeof HandedOver>;

/** A person's order that nothing of a group is reclaimed. */
export const LegalHold = z.object({ reason: z.string(), at: Milliseconds });
export type LegalHold = z.infer<typeof LegalHold>;

/** Why a hand-over is not done yet. */
export const WAITING_FOR = ['group-open', 'session-running', 'legal-hold', 'changed'] as const;

/** Names a received instance of a key: `receivedAt` tells one that was stored anew from the one before. */
export const InstanceReference = z.object({
  sopInstanceUid: z.string(),
  sha256: z.string(),
  receivedAt: Milliseconds,
});
export type InstanceReference = z.infer<typeof InstanceReference>;

export const HandOverItem = z.object({
  id: z.string(),
  keyId: z.string(),
  aeTitle: z.string(),
  handedOver: HandedOver,
  /** The group whose instances they are; else `instances` names them. */
  groupId: z.string().optional(),
  instances: z.array(InstanceReference).optional(),
  /** When the reclaimer looks at it next. */
  dueAt: Milliseconds,
  /** How often it had to wait. */
  attempts: z.int().min(0),
  waitingFor: z.enum(WAITING_FOR).optional(),
  /** When the objects were deleted; their items go an hour later. */
  deletedAt: Milliseconds.optional(),
  deletedCount: z.int().min(0).optional(),
});
export type HandOverItem = z.infer<typeof HandOverItem>;

/** A session that uses instances of a key without being one of its groups', or that was started again. */
export const InstanceUse = z.object({ sessionId: z.string(), at: Milliseconds });
export type InstanceUse = z.infer<typeof InstanceUse>;
