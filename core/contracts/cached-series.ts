/** A series in a cache, as it is listed: an item of its own, so that a list reads no instances. */
import { z } from 'zod';
import { HeaderAttributes } from './items.ts';

export const CachedSeries = z.object({
  aeTitle: z.string(),
  /** Of the study's instances. */
  keyId: z.string(),
  patientId: z.string(),
  issuerOfPatientId: z.string(),
  studyInstanceUid: z.string(),
  seriesInstanceUid: z.string(),
  /** Of the instance that was received first. */
  attributes: HeaderAttributes,
  firstReceivedAt: z.int(),
  lastReceivedAt: z.int(),
});
export type CachedSeries = z.infer<typeof CachedSeries>;
