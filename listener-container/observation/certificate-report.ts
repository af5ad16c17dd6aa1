/** Tells the table how it is with the TLS certificate, for `gantry status`: at once, and again while the listener runs. */
import type { Table } from '../../aws/table.ts';
import type { CertificateItem } from '../../core/contracts/items.ts';
import { tableKeys } from '../../core/contracts/keys.ts';
import type { Clock } from '../../core/contracts/ports.ts';
import { errorName, type ListenerLog } from '../listener-log.ts';
import type { TlsCredentials } from '../tls/tls-credentials.ts';

/** A renewed certificate is seen after so long. */
const INTERVAL_MS = 300_000;

/** Until the timer is cleared. */
export const reportCertificate = (
  table: Pick<Table, 'put'>,
  credentials: Pick<TlsCredentials, 'expiresAt' | 'problem'>,
  clock: Clock,
  log: ListenerLog,
): NodeJS.Timeout => {
  const report = async (): Promise<void> => {
    const { expiresAt, problem } = credentials;
    const item: CertificateItem = { expiresAt, problem, reportedAt: clock() };
    try {
      await table.put(tableKeys.listenerCertificate, item);
    } catch (error) {
      log.warn('the certificate could not be reported', { error: errorName(error) });
    }
  };
  void report();
  const timer = setInterval(() => {
    void report();
  }, INTERVAL_MS);
  timer.unref();
  return timer;
};
