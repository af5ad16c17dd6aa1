/** The configuration items of the table: who is called what, by whom, and what is installed. */
import type { z } from 'zod';
import {
  AE_TITLE_DEFAULTS,
  AeTitleItem,
  DestinationItem,
  PipelineItem,
  RECEPTION_DEFAULTS,
  ServiceItem,
  SourceItem,
} from '../core/contracts/configuration.ts';
import { WorkerItem } from '../core/contracts/worker-item.ts';
import { tableKeys } from '../core/contracts/keys.ts';
import { DEFAULT_WORKER } from '../core/contracts/names.ts';
import type { Table } from './table.ts';

type Kind = Parameters<typeof tableKeys.configuration>[0];

/** One kind of configuration item, by its name. */
export interface Configured<T> {
  list(): Promise<T[]>;
  get(name: string): Promise<T | undefined>;
  put(name: string, item: T): Promise<void>;
  /** False when there was none. */
  remove(name: string): Promise<boolean>;
}

const configured = <T extends Record<string, unknown>>(
  table: Table,
  kind: Kind,
  schema: z.ZodType<T>,
): Configured<T> => ({
  list: () => table.queryAll(tableKeys.configurationPartition, `${kind}#`, schema),
  get: (name) => table.get(tableKeys.configuration(kind, name), schema),
  put: (name, item) => table.put(tableKeys.configuration(kind, name), item),
  remove: (name) =>
    table.delete(tableKeys.configuration(kind, name), { condition: 'attribute_exists(pk)' }),
});

export interface ConfigurationStore {
  readonly aeTitles: Configured<AeTitleItem>;
  readonly sources: Configured<SourceItem>;
  readonly destinations: Configured<DestinationItem>;
  readonly pipelines: Configured<PipelineItem>;
  readonly services: Configured<ServiceItem>;
  readonly workers: Configured<WorkerItem>;
  /**
   * Gives a new installation what it starts with, once: the AE title GANTRY and the default worker. Removing
   * them later is the site's right: they do not come back.
   */
  initialise(defaultWorker: { slots: number; maxRunners: number }): Promise<void>;
}

const INITIALISED = { pk: tableKeys.configurationPartition, sk: 'INITIALISED' };

export const tableConfiguration = (table: Table): ConfigurationStore => {
  const store = {
    aeTitles: configured(table, 'AE', AeTitleItem),
    sources: configured(table, 'SOURCE', SourceItem),
    destinations: configured(table, 'DESTINATION', DestinationItem),
    pipelines: configured(table, 'PIPELINE', PipelineItem),
    services: configured(table, 'SERVICE', ServiceItem),
    workers: configured(table, 'WORKER', WorkerItem),
  };
  return {
    ...store,
    initialise: async (defaultWorker) => {
      const { write } = table;
      await table.transact([
        write.put(INITIALISED, {}, { ifAbsent: true }),
        write.put(tableKeys.configuration('AE', 'GANTRY'), {
          aeTitle: 'GANTRY',
          processor: 'ae-title',
          groupBy: ['PatientID'],
          timeoutSeconds: AE_TITLE_DEFAULTS.timeoutSeconds,
          maxWaitSeconds: AE_TITLE_DEFAULTS.maxWaitSeconds,
          priority: AE_TITLE_DEFAULTS.priority,
          pipelines: {},
          late: AE_TITLE_DEFAULTS.late,
          lateWindowSeconds: AE_TITLE_DEFAULTS.lateWindowSeconds,
          accept: [],
          ignore: [],
          jobRetryDelayMs: AE_TITLE_DEFAULTS.jobRetryDelayMs,
          ...RECEPTION_DEFAULTS,
          retentionDays: AE_TITLE_DEFAULTS.retentionDays,
        } satisfies AeTitleItem),
        write.put(tableKeys.configuration('WORKER', DEFAULT_WORKER), {
          name: DEFAULT_WORKER,
          type: 'default',
          ...defaultWorker,
        } satisfies WorkerItem),
      ]);
    },
  };
};
