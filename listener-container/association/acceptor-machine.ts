/** The state machine of an association that a peer opens, on its socket and with its timer. */
import type { Socket } from 'node:net';
import {
  AssociationMachine,
  type AssociationPorts,
} from '../../core/upper-layer/association-machine.ts';
import { encodePdu } from '../../core/upper-layer/pdu-codec.ts';
import { EVENT } from '../../core/upper-layer/state-machine.ts';

/** `artimMs`: of the Association Request/Reject/Release Timer (PS3.8 section 9.1.5). */
export const acceptorMachine = (
  socket: Socket,
  artimMs: number,
  upperLayer: Pick<AssociationPorts, 'indicate' | 'refuse'>,
): AssociationMachine => {
  let artim: NodeJS.Timeout | undefined;
  const stopArtim = (): void => {
    clearTimeout(artim);
  };
  const machine = new AssociationMachine('acceptor', {
    ...upperLayer,
    connect: () => undefined,
    close: () => socket.destroy(),
    send: (pdu) => {
      if (socket.writable) socket.write(encodePdu(pdu));
    },
    startArtim: () => {
      stopArtim();
      artim = setTimeout(() => {
        machine.dispatch({ event: EVENT.artimExpired });
      }, artimMs);
    },
    stopArtim,
  });
  socket.on('close', stopArtim);
  return machine;
};
