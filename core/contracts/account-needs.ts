/** What a site needs of its AWS account: written by the CDK app, read by the API's function. */
import { z } from 'zod';

const QuotaNeed = z.object({
  /** As Service Quotas names them. */
  service: z.string(),
  code: z.string(),
  name: z.string(),
  /** What the site may use at a time, by its settings. */
  needed: z.number().positive(),
});

export type QuotaNeed = z.infer<typeof QuotaNeed>;

/** What a site needs of its account; the CDK app writes it, and the API's function reads it. */
export const AccountNeeds = z.object({
  quotas: z.array(QuotaNeed),
  /** Families of task definitions, without which nothing is received or run. */
  families: z.array(z.string()),
});
export type AccountNeeds = z.infer<typeof AccountNeeds>;
