/** Which instances an AE title does not group at all: `ignore` wins over `accept`, an empty `accept` takes all. */
import type { AeTitleItem } from '../contracts/configuration.ts';

/** Why it is ignored, as the end of a sentence about it; undefined when it is grouped. */
export const ignoredBecause = (
  { aeTitle, accept, ignore }: Pick<AeTitleItem, 'aeTitle' | 'accept' | 'ignore'>,
  sopClassUid: string,
): string | undefined => {
  if (ignore.includes(sopClassUid)) return `${aeTitle} ignores this SOP class`;
  return accept.length === 0 || accept.includes(sopClassUid)
    ? undefined
    : `${aeTitle} accepts other SOP classes only`;
};
