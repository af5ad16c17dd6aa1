/** The JSON shape of an explanation: what happened to a study, in order, in sentences for a person. */
import { z } from 'zod';
import { named, pageOf } from './api.ts';

export const ExplanationEvent = named(
  'ExplanationEvent',
  z.object({
    at: z.iso.datetime({ precision: 3 }),
    what: z
      .string()
      .describe("a stable code, such as group-sealed or job-skipped; a decision's own code"),
    sentence: z.string(),
    groupId: z.string().nullable(),
    sessionId: z.string().nullable(),
    jobId: z.string().nullable(),
  }),
);
export type ExplanationEvent = z.infer<typeof ExplanationEvent>;
export const ExplanationPage = pageOf('ExplanationPage', ExplanationEvent);
