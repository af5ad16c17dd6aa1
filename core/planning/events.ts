/** Which of the three events fire for a group: what its key is tells what is complete when it is released. */
import type { StableEvent } from '../contracts/vocabulary.ts';

/**
 * A group by Series fires `stable-series`, one by Study also `stable-study`; by Patient or any other key all
 * three. In the order of the levels, from series to patient.
 */
export const eventsOfGroup = (groupBy: readonly string[]): readonly StableEvent[] => {
  const only = groupBy.length === 1 ? groupBy[0] : undefined;
  if (only === 'SeriesInstanceUID') return ['stable-series'];
  if (only === 'StudyInstanceUID') return ['stable-series', 'stable-study'];
  return ['stable-series', 'stable-study', 'stable-patient'];
};
