/** What is wrong with the certificate of the listener's TLS port, as problems of the status. */
import { DAY_MS, isoTime } from '../../core/contracts/day.ts';
import { CertificateItem } from '../../core/contracts/items.ts';
import { tableKeys } from '../../core/contracts/keys.ts';
import type { ApiContext } from './context.ts';

/** Below so many days a certificate is a problem; one that no listener has told of lately is none. */
const WARNING_DAYS = 30;
const REPORTED_WITHIN_MS = 3_600_000;

export const certificateProblems = async ({
  table,
  clock,
}: Pick<ApiContext, 'table' | 'clock'>): Promise<string[]> => {
  const item = await table.get(tableKeys.listenerCertificate, CertificateItem);
  if (item === undefined || clock() - item.reportedAt > REPORTED_WITHIN_MS) return [];
  const { expiresAt, problem = '' } = item;
  if (expiresAt === undefined) {
    return [`the listener's TLS port is closed, for it has no usable certificate: ${problem}`];
  }
  const days = Math.floor((expiresAt - clock()) / DAY_MS);
  const expires = days < 0 ? 'expired' : `expires in ${days} days,`;
  return [
    ...(problem === ''
      ? []
      : [`the renewed certificate of the listener's TLS port is not in use: ${problem}`]),
    ...(days >= WARNING_DAYS
      ? []
      : [
          `the certificate of the listener's TLS port ${expires} at ${isoTime(expiresAt)}; renew it`,
        ]),
  ];
};
