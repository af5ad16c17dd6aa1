/**
 * Whom service code may send to: the destinations of the configuration, and the peer that sent the job's images
 * where one of those is it. In the form in which dcm-processor stores a peer.
 */
import type { Configured } from '../../aws/configuration.ts';
import type { DestinationItem } from '../../core/contracts/configuration.ts';
import type { SessionItem } from '../../core/contracts/items.ts';
import { documentId } from '../../core/contracts/keys.ts';
import type { JobAccess, Peer } from './job-access.ts';

/** A peer, and as whom to call it: the AE title that received the session's images. */
export interface PeerToCall extends Peer {
  readonly calling_aet: string;
}

export interface PeerDirectory {
  /** The peer of that name, or without one the sender of the job's images; undefined when there is none. */
  find(access: JobAccess, name: string | null): Promise<PeerToCall | undefined>;
}

const destinationPeer = ({ name, aeTitle, host, port, tls }: DestinationItem): Peer => ({
  _id: documentId('destination', name),
  name,
  aet: aeTitle,
  host,
  port,
  whitelist_aet: [],
  whitelist_ip: [],
  tls,
});

/** The destination of that AE title. Of several only one of that name too: an image must not go astray. */
const destinationOf = (
  sender: Peer,
  destinations: readonly DestinationItem[],
): DestinationItem | undefined => {
  const called = destinations.filter(({ aeTitle }) => aeTitle === sender.aet);
  return called.length === 1 ? called[0] : called.find(({ name }) => name === sender.name);
};

export const peerDirectory = (
  destinations: Pick<Configured<DestinationItem>, 'get' | 'list'>,
  sessions: { getSession(id: string): Promise<Pick<SessionItem, 'aeTitle'> | undefined> },
): PeerDirectory => {
  const peer = async (sender: Peer, name: string | null): Promise<Peer | undefined> => {
    const named = name === null ? undefined : await destinations.get(name);
    if (named !== undefined) return destinationPeer(named);
    if (name !== null && name !== sender.name) return undefined;
    const known = destinationOf(sender, await destinations.list());
    return known === undefined
      ? sender
      : { ...sender, host: known.host, port: known.port, tls: known.tls };
  };
  return {
    find: async (access, name) => {
      const [found, session] = await Promise.all([
        peer(access.peer, name),
        sessions.getSession(access.sessionId),
      ]);
      return found && { ...found, calling_aet: session?.aeTitle ?? '' };
    },
  };
};
