/**
 * The items of received instances, grouped and unrouted. An instance's item outlives its object by an hour: what
 * arrives again meanwhile is stored as another incarnation, under another object key.
 */
import { z } from 'zod';
import { HandedOver } from './reclaim-items.ts';

const Milliseconds = z.int().min(0);
const JsonObject = z.record(z.string(), z.unknown());

/** Attributes of the patient, study and series levels by keyword, in the value formats of dcm-processor's headers. */
export const HeaderAttributes = JsonObject;
export type HeaderAttributes = z.infer<typeof HeaderAttributes>;

/** One SOP instance as one AE title received it. Written once; a second, different version is an item of its own. */
export const InstanceItem = z.object({
  aeTitle: z.string(),
  keyId: z.string(),
  sopInstanceUid: z.string(),
  sopClassUid: z.string(),
  seriesInstanceUid: z.string(),
  studyInstanceUid: z.string(),
  patientId: z.string(),
  issuerOfPatientId: z.string(),
  transferSyntaxUid: z.string(),
  objectKey: z.string(),
  /** Bytes of the Part 10 file. */
  size: z.int(),
  /** Of the data set as received, hex. */
  sha256: z.string(),
  callingAeTitle: z.string(),
  remoteAddress: z.string(),
  associationId: z.string(),
  receivedAt: Milliseconds,
  attributes: HeaderAttributes,
  /** When a processor or a cache gave it away: nobody looks at it any more. */
  handedOverAt: Milliseconds.optional(),
  /** Versions of the SOP instance that came before it under its key belong to no group any more, unless sealed. */
  replaces: z.literal(true).optional(),
  /** What its AE title's declared inputs read; absent without any, or if it could not be read. */
  declared: z.record(z.string(), z.unknown()).optional(),
  /** How often the same instance was stored anew after it was reclaimed, itself included; absent: 1. */
  incarnation: z.int().min(2).optional(),
  /** Since when the reclaimer has it: its object is deleted or about to be, and nobody may begin to use it. */
  doomedAt: Milliseconds.optional(),
});
export type InstanceItem = z.infer<typeof InstanceItem>;

/**
 * Points from a SOP Instance UID to the items of its versions: see storedVersion. Written beside them and without a
 * promise of its own: a version that points to nothing is of an instance that was never acknowledged, or is reclaimed.
 */
export const StoredInstanceItem = z.object({
  /** A set that has become empty is not stored. */
  versions: z.set(z.string()).default(() => new Set<string>()),
});
export type StoredInstanceItem = z.infer<typeof StoredInstanceItem>;

/** A received instance that its AE title's processor could not put into a group. */
export const UnroutedItem = InstanceItem.omit({ keyId: true }).extend({
  reason: z.string(),
  /** With `doomedAt`: why, and from when on its item may go as well. */
  handedOver: HandedOver.optional(),
  deletedAt: Milliseconds.optional(),
});
export type UnroutedItem = z.infer<typeof UnroutedItem>;

/** Who sent, and in which association. */
export const Sender = InstanceItem.pick({ callingAeTitle: true, associationId: true });
export type Sender = z.infer<typeof Sender>;

/** SOP classes that an AE title ignores: how many instances of one were received and not kept. */
export const IgnoredCount = z.object({
  aeTitle: z.string(),
  sopClassUid: z.string(),
  count: z.int(),
  lastAt: Milliseconds,
});
export type IgnoredCount = z.infer<typeof IgnoredCount>;
