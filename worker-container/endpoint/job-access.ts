/** What one attempt may reach through the job endpoint: its own session, its own object's images. */
import type { SeriesDocument } from '../../core/planning/documents.ts';
import type { DataWriter } from '../../core/running/session-store.ts';
import type { StagedFile } from '../staging/group-cache.ts';

export interface JobAccess {
  readonly sessionId: string;
  readonly jobId: string;
  /** As whom it changes session data and files. */
  readonly writer: DataWriter;
  readonly jobName: string;
  readonly event: string;
  /** The `_id` of the job's object. */
  readonly objectId: string;
  /** The event of each object of the session, by `_id`. */
  readonly eventOfObject: ReadonlyMap<string, string>;
  /** By the `_id` of the series. */
  readonly series: ReadonlyMap<string, readonly StagedFile[]>;
  /** Who sent the object's images. */
  readonly peer: Peer;
  /** Of this attempt alone: for bodies on their way to the bucket. */
  readonly spoolFolder: string;
}

/** A peer in the form in which dcm-processor stores one, as far as it is known. */
export interface Peer {
  readonly _id: string;
  readonly name: string;
  readonly aet: string;
  readonly host: string | null;
  readonly port: number | null;
  readonly whitelist_aet: readonly string[];
  readonly whitelist_ip: readonly string[];
  readonly tls: boolean;
}

/** A sender of whom only the calling AE title is known. */
export const senderPeer = (id: string, callingAeTitle: string): Peer => ({
  _id: id,
  name: callingAeTitle,
  aet: callingAeTitle,
  host: null,
  port: null,
  whitelist_aet: [callingAeTitle],
  whitelist_ip: [],
  tls: false,
});

/** The calling AE title of the instance of an object that was received first; empty without instances. */
export const firstSender = (series: readonly SeriesDocument[]): string => {
  const instances = series.flatMap((one) => one.instances.map(({ instance }) => instance));
  const [first] = instances.sort((one, other) => one.receivedAt - other.receivedAt);
  return first?.callingAeTitle ?? '';
};
