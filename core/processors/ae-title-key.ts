/** Which group of its AE title an instance belongs to: the key of the `ae-title` processor. */
import type { AeTitleItem } from '../contracts/configuration.ts';
import { groupKeyId } from '../contracts/keys.ts';

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
  settings: Pick<AeTitleItem, 'aeTitle' | 'groupBy'>,
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
  const keyId = groupKeyId(settings.aeTitle, settings.groupBy, keyValues);
  return { routed: true, key: { keyId, keyValues } };
};
