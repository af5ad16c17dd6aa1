/** Which group of its AE title an instance belongs to: the key of the `ae-title` processor. */
import type { AeTitleItem } from '../contracts/configuration.ts';
import { groupKeyId } from '../contracts/keys.ts';
import { GROUPING_PROCESSOR } from '../contracts/names.ts';

export interface GroupKey {
  readonly keyId: string;
  readonly keyValues: readonly string[];
}

export type KeyOutcome =
  | { readonly routed: true; readonly key: GroupKey }
  | { readonly routed: false; readonly reason: string };

/**
 * `valueOf` gives an attribute's value by keyword, without padding; undefined when the instance has no such
 * attribute. Without a value of every attribute of the key there is no group.
 */
export const keyOfInstance = (
  settings: Pick<AeTitleItem, 'aeTitle' | 'groupBy' | 'processor'>,
  valueOf: (keyword: string) => string | undefined,
): KeyOutcome => {
  const keyValues = [];
  for (const keyword of settings.groupBy) {
    const value = valueOf(keyword);
    if (value === undefined || value === '') {
      const what = value === undefined ? 'has no' : 'has an empty';
      return {
        routed: false,
        reason: `the instance ${what} ${keyword}, by which ${settings.aeTitle} groups`,
      };
    }
    keyValues.push(value);
  }
  const { aeTitle, groupBy, processor } = settings;
  // A key has one processor: what another one collected is in no group of this one, if a site changes it.
  const keyedBy = processor === GROUPING_PROCESSOR ? groupBy : [processor, ...groupBy];
  const keyId = groupKeyId(aeTitle, keyedBy, keyValues);
  return { routed: true, key: { keyId, keyValues } };
};
