/** The secret of the listener's TLS port, as JSON. `gantry tls-secret` writes it, the listener reads it. */
import { z } from 'zod';

export const TlsSecret = z.object({
  /** The listener's certificate, then those that lead to its authority; PEM. */
  certificate: z.string().min(1),
  /** Of the first certificate, without a passphrase; PEM. */
  key: z.string().min(1),
  /** Who issues clients' certificates; PEM. With it, clients need one. */
  ca: z.string().min(1).optional(),
});
export type TlsSecret = z.infer<typeof TlsSecret>;
