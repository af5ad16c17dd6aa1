/** Items of reports of storage commitment that are owed: see core/dimse/owed-commitments.ts. Keys: keys.ts. */
import { z } from 'zod';

/** The report; its references are in `pieces` items of their own. Times are milliseconds since the epoch. */
export const OwedCommitmentItem = z.object({
  id: z.string(),
  associationId: z.string(),
  calledAeTitle: z.string(),
  callingAeTitle: z.string(),
  remoteAddress: z.string(),
  transactionUid: z.string(),
  pieces: z.int().min(1),
  attempts: z.int().min(0),
  /** Which listener is about to report it, and until when that is believed. */
  holder: z.string(),
  leaseUntil: z.int().min(0),
});
export type OwedCommitmentItem = z.infer<typeof OwedCommitmentItem>;

/** SOP class and instance UID of each. */
export const OwedReferencesItem = z.object({
  references: z.array(z.tuple([z.string(), z.string()])),
});
