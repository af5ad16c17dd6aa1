/**
 * The health check's own port, so that no load balancer opens connections on the DIMSE port: 200 while the
 * listener is bound and this very answer proves that its event loop turns. Storage is not asked: an outage
 * there must not restart every listener.
 */
import { createServer, type Server } from 'node:http';

export interface HealthState {
  readonly listening: boolean;
  readonly associations: number;
  /** Until the TLS port's certificate expires; absent without TLS. */
  readonly certificateDaysLeft?: number | undefined;
}

export interface Health {
  readonly port: number;
  stop(): Promise<void>;
}

const listen = (server: Server, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });

export const startHealth = async (
  host: string,
  port: number,
  state: () => HealthState,
): Promise<Health> => {
  const server = createServer((request, answer) => {
    if (request.url !== '/healthz') {
      answer.writeHead(404).end();
      return;
    }
    const { listening, associations, certificateDaysLeft } = state();
    answer.writeHead(listening ? 200 : 503, { 'content-type': 'application/json' });
    const status = listening ? 'ok' : 'stopping';
    answer.end(JSON.stringify({ status, associations, certificateDaysLeft }));
  });
  await listen(server, host, port);
  const address = server.address();
  return {
    port: address === null || typeof address === 'string' ? port : address.port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
};
