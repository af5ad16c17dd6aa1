/** The JSON shape of a delivery: an instance or a timer that a site's job processor is owed. */
import { z } from 'zod';
import { named, pageOf } from './api.ts';
import { isoTime } from './day.ts';
import { DELIVERY_STATES, type DeliveryItem } from './deliveries.ts';

export const Delivery = named(
  'Delivery',
  z.object({
    id: z.string(),
    kind: z.enum(['instance', 'timer']),
    aeTitle: z.string(),
    processor: z.string(),
    state: z.enum(DELIVERY_STATES),
    attempts: z.int(),
    createdAt: z.iso.datetime({ precision: 3 }),
    dueAt: z.iso.datetime({ precision: 3 }).describe('not tried before'),
    studyInstanceUid: z.string().nullable(),
    sopInstanceUid: z.string().nullable(),
    error: z.object({ type: z.string(), message: z.string() }).nullable(),
  }),
);
export type Delivery = z.infer<typeof Delivery>;
export const DeliveryPage = pageOf('DeliveryPage', Delivery);

export const toDelivery = (item: DeliveryItem): Delivery => ({
  id: item.id,
  kind: item.kind,
  aeTitle: item.aeTitle,
  processor: item.processor,
  state: item.state,
  attempts: item.attempts,
  createdAt: isoTime(item.createdAt),
  dueAt: isoTime(item.dueAt),
  studyInstanceUid: item.instance?.studyInstanceUid ?? null,
  sopInstanceUid: item.instance?.sopInstanceUid ?? null,
  error: item.error ?? null,
});
