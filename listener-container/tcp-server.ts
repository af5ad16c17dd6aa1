/** The steps of a TCP server's life as promises, for the DIMSE ports and the health check alike. */
import type { Server } from 'node:net';

/** Rejects with what the system said. */
export const bind = (server: Server, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });

/** Resolves when its last connection has ended. */
export const unbind = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
  });

/** 0 when it is not bound. */
export const portOf = (server: Server): number => {
  const address = server.address();
  return address === null || typeof address === 'string' ? 0 : address.port;
};
