/** What a site may choose about being told: whom, how much it means to spend, and from when on a wait is too long. */
import { z } from 'zod';

export const OperationsConfig = z
  .strictObject({
    /** Who gets the alarms; without it, they are only seen. */
    email: z.email().optional(),
    /** Of all that carries the deployment's tag. */
    monthlyBudgetUsd: z.number().min(1).default(500),
    /**
     * When the month's budget is used up, no worker is started any more; images are still received, and their jobs
     * wait. `approve`: after a person has agreed; `automatic`: at once.
     */
    budgetAction: z.enum(['approve', 'automatic']).default('approve'),
    /** Of all jobs together. */
    gpuMinutesPerDay: z.int().min(1).default(600),
    /** A job that has waited longer is an alarm. */
    waitingJobMinutes: z.int().min(1).default(30),
    /** Instances and associations refused within a quarter of an hour. */
    refusals: z.int().min(1).default(20),
  })
  .prefault({});
export type OperationsConfig = z.infer<typeof OperationsConfig>;
