/** What an association is given: whom it asks, where its instances go, and how long it waits. */
import type { ListenerLog } from '../listener-log.ts';
import type { CommitmentService } from '../services/commitment/commitment-service.ts';
import type { InstanceReceiver } from '../services/instance-receiver.ts';
import type { Reception } from './reception-desk.ts';

export interface AssociationLimits {
  /** ARTIM (PS3.8 section 9.1.5): from connection to request, and from our last word to the peer's close. */
  readonly artimMs: number;
  /** How long an established association may be unused. */
  readonly idleMs: number;
  /** How long the peer may take to answer a report; default 30 s. */
  readonly reportMs?: number;
}

export interface AssociationPorts {
  readonly reception: Reception;
  readonly receiver: InstanceReceiver;
  readonly commitment?: CommitmentService | undefined;
  readonly limits: AssociationLimits;
  readonly log: ListenerLog;
}
