/** The configuration items of the table: who is called what, by whom, and what is installed. */
import { z } from 'zod';
import {
  AeTitleItem,
  DestinationItem,
  newAeTitle,
  PipelineItem,
  ServiceItem,
  SourceItem,
} from '../core/contracts/configuration.ts';
import { WorkerItem } from '../core/contracts/worker-item.ts';
import { tableKeys } from '../core/contracts/keys.ts';
import { DEFAULT_WORKER } from '../core/contracts/names.ts';
import type { Table, Write } from './table.ts';

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

/** A thing as it is to be, or its removal; of a service the site's settings only. */
export type ConfigurationWrite =
  | {
      readonly kind: Exclude<Kind, 'SERVICE' | 'WORKER'>;
      readonly name: string;
      readonly item: object;
    }
  | { readonly kind: 'SERVICE'; readonly name: string; readonly service: ServiceItem }
  | { readonly kind: Kind; readonly name: string; readonly removed: true };

/** So many writes are one transaction, with that of the revision (DynamoDB takes 100). */
export const MAX_CONFIGURATION_WRITES = 99;

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
  /** How often the configuration was changed as a whole. */
  revision(): Promise<number>;
  /**
   * All of the writes or none, at most MAX_CONFIGURATION_WRITES. False when there was another change as a whole
   * after `revision`, or one of the services was installed anew: then none was made.
   */
  changeWhole(writes: readonly ConfigurationWrite[], revision: number): Promise<boolean>;
}

const Revision = z.object({ revision: z.int() });

const INITIALISED = { pk: tableKeys.configurationPartition, sk: 'INITIALISED' };

const FIRST_AE_TITLE = 'GANTRY';

export const tableConfiguration = (table: Table): ConfigurationStore => {
  const store = {
    aeTitles: configured(table, 'AE', AeTitleItem),
    sources: configured(table, 'SOURCE', SourceItem),
    destinations: configured(table, 'DESTINATION', DestinationItem),
    pipelines: configured(table, 'PIPELINE', PipelineItem),
    services: configured(table, 'SERVICE', ServiceItem),
    workers: configured(table, 'WORKER', WorkerItem),
  };
  const { write } = table;
  const toWrite = (change: ConfigurationWrite): Write => {
    const key = tableKeys.configuration(change.kind, change.name);
    if ('removed' in change) return write.delete(key);
    if ('item' in change) return write.put(key, { ...change.item });
    const { disabled, jobs, updatedAt, hash } = change.service;
    return write.update(key, {
      update: 'SET #disabled = :disabled, #jobs = :jobs, #updatedAt = :updatedAt',
      condition: '#hash = :hash',
      names: ['disabled', 'jobs', 'updatedAt', 'hash'],
      values: { disabled, jobs, updatedAt, hash },
    });
  };
  return {
    ...store,
    revision: async () =>
      (await table.get(tableKeys.configurationRevision, Revision))?.revision ?? 0,
    changeWhole: (writes, revision) =>
      table.transact([
        write.put(
          tableKeys.configurationRevision,
          { revision: revision + 1 },
          {
            ifAbsent: true,
            or: { condition: '#revision = :revision', names: ['revision'], values: { revision } },
          },
        ),
        ...writes.map(toWrite),
      ]),
    initialise: async (defaultWorker) => {
      await table.transact([
        write.put(INITIALISED, {}, { ifAbsent: true }),
        // By patient, so that all three events fire for whoever tries it out.
        write.put(tableKeys.configuration('AE', FIRST_AE_TITLE), {
          ...newAeTitle(FIRST_AE_TITLE),
          groupBy: ['PatientID'],
        }),
        write.put(tableKeys.configuration('WORKER', DEFAULT_WORKER), {
          name: DEFAULT_WORKER,
          type: 'default',
          ...defaultWorker,
        } satisfies WorkerItem),
      ]);
    },
  };
};
