/**
 * What is owed to job processors that a site wrote: each stored instance, each timer. An item per debt, removed
 * when the processor has done with it; one that fails again and again is parked, where a person sees it.
 */
import { z } from 'zod';
import { InstanceItem } from './items.ts';

const Milliseconds = z.int().min(0);

export const DELIVERY_STATES = ['PENDING', 'PARKED'] as const;
const DeliveryState = z.enum(DELIVERY_STATES);

export const DeliveryItem = z.object({
  id: z.string(),
  kind: z.enum(['instance', 'timer']),
  aeTitle: z.string(),
  /** The processor that the AE title had when the debt was made. */
  processor: z.string(),
  state: DeliveryState,
  createdAt: Milliseconds,
  /** Not to be tried before. */
  dueAt: Milliseconds,
  /** How many attempts were begun. */
  attempts: z.int().min(0),
  /** While an attempt is under way: until when nobody else begins one. */
  takenUntil: Milliseconds.optional(),
  /** Of an instance. */
  instance: InstanceItem.pick({
    keyId: true,
    sopInstanceUid: true,
    sha256: true,
    studyInstanceUid: true,
  }).optional(),
  /** Of a timer: the processor's own name for it. */
  timerKey: z.string().optional(),
  /** Why the last attempt failed. */
  error: z.object({ type: z.string(), message: z.string() }).optional(),
});
export type DeliveryItem = z.infer<typeof DeliveryItem>;

/** What a processor keeps for one of its keys. */
export const ProcessorState = z.object({ version: z.int().min(1), json: z.string() });
export type ProcessorState = z.infer<typeof ProcessorState>;

/** Queue `processors`: try this delivery. An id is a hash and says nothing of a patient. */
export const DeliveryMessage = z.object({ deliveryId: z.string() });
export type DeliveryMessage = z.infer<typeof DeliveryMessage>;

/** A call of the processors' function by the API: which there are, and whether these settings are right for one. */
export const ProcessorQuestion = z.object({
  processor: z.string(),
  settings: z.record(z.string(), z.unknown()),
});
export type ProcessorQuestion = z.infer<typeof ProcessorQuestion>;

export const ProcessorAnswer = z.object({
  /** Names of the site's processors; the built-in ones are not among them. */
  known: z.array(z.string()),
  /** Each with the path of the setting; empty if all is well, or if there is no such processor. */
  problems: z.array(z.object({ path: z.string(), message: z.string() })),
});
export type ProcessorAnswer = z.infer<typeof ProcessorAnswer>;
