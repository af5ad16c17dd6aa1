/**
 * What job processors have of a study, a patient or an accession. Their instances belong to no group before they
 * are submitted: they are found by the key of their AE title, and those of a cache by its list of series.
 */
import type { AeTitleItem } from '../../core/contracts/configuration.ts';
import { groupKeyId } from '../../core/contracts/keys.ts';
import { CACHE_PROCESSOR, GROUPING_PROCESSOR } from '../../core/contracts/names.ts';
import type { Collected } from '../../core/explanation/reception-events.ts';
import { cachedInstances } from '../../core/processors/extension/cache.ts';
import type { ApiContext } from './context.ts';
import { isOf } from './explained-groups.ts';

const instancesOf = async (
  { cache, groups }: ApiContext,
  { aeTitle, processor, groupBy }: AeTitleItem,
  text: string,
) => {
  if (processor === CACHE_PROCESSOR) {
    const series = (await cache.series(aeTitle)).filter((item) => isOf(item, text));
    return cachedInstances(groups, series);
  }
  return groupBy.length === 1 ? groups.instances(groupKeyId(aeTitle, groupBy, [text])) : [];
};

export const collectedOf = async (context: ApiContext, text: string): Promise<Collected[]> => {
  const aeTitles = await context.configuration.aeTitles.list();
  const found = await Promise.all(
    aeTitles
      .filter(({ processor }) => processor !== GROUPING_PROCESSOR)
      .map(async (settings) => {
        const instances = (await instancesOf(context, settings, text)).filter(
          (item) => item.handedOverAt === undefined && isOf(item, text),
        );
        return { settings, instances };
      }),
  );
  return found.filter(({ instances }) => instances.length > 0);
};
