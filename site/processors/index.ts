/**
 * The job processors of this site: what `gantry ae-title set … --processor NAME` may name besides the built-in
 * ones. `gantry new processor NAME` adds one; a deployment bundles them all.
 */
import { EveryNthStudy } from '../../examples/processors/every-nth-study.ts';
import { PairOfModalities } from '../../examples/processors/pair-of-modalities.ts';
import type { JobProcessors } from '../../core/processors/extension/job-processor-base.ts';

export const processors: JobProcessors = {
  'every-nth-study': EveryNthStudy,
  'pair-of-modalities': PairOfModalities,
};
