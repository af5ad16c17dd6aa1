/**
 * The health check's own port, so that no load balancer opens connections on the DIMSE port: 200 while the
 * listener is bound and this very answer proves that its event loop turns. Storage is not asked: an outage
 * there must not restart every listener. Nor must a TLS port that has no certificate yet.
 */
import { createServer } from 'node:http';
import { bind, portOf } from './tcp-server.ts';

export interface HealthState {
  readonly listening: boolean;
  readonly associations: number;
  /** Absent without TLS. */
  readonly tls?: 'open' | 'closed' | undefined;
  /** Until the TLS port's certificate expires; absent without one. */
  readonly certificateDaysLeft?: number | undefined;
}

export interface Health {
  readonly port: number;
  stop(): Promise<void>;
}

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
    const { listening, associations, tls, certificateDaysLeft } = state();
    answer.writeHead(listening ? 200 : 503, { 'content-type': 'application/json' });
    const status = listening ? 'ok' : 'stopping';
    answer.end(JSON.stringify({ status, associations, tls, certificateDaysLeft }));
  });
  await bind(server, host, port);
  return {
    port: portOf(server),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
};
