/**
 * The configuration as one document, `gantry.json`: what `export` gives and `apply` takes. A section that is left
 * out is not touched; of a section that is there, the document says all. A setting that is left out has its default.
 */
import { z } from 'zod';
import { named } from './api.ts';
import {
  AeTitleSettings,
  DestinationSettings,
  PipelineSettings,
  SourceSettings,
} from './api-configuration.ts';

const version = z.string().min(1).optional().describe('the version that has to be installed');
const source = z
  .string()
  .min(1)
  .optional()
  .describe(
    'where it is installed from first, if it or its version is not there: as for service install',
  );

/** The passcode's hash is not exported: without it, the one that is stored stays. */
export const SourceEntry = SourceSettings.extend({
  userIdentity: z
    .strictObject({
      username: z.string().min(1),
      passcodeSha256: z
        .string()
        .regex(/^[0-9A-Fa-f]{64}$/, 'must be a SHA-256 in hex')
        .optional()
        .describe('is not exported; without it, the stored one stays'),
    })
    .nullable()
    .optional(),
});

/** What the site says about one job of a service; the package says the rest. */
const JobSettings = z.strictObject({
  disabled: z.boolean().optional(),
  params: z
    .record(z.string(), z.unknown())
    .optional()
    .describe("parameters that differ from the package's, each as a whole"),
});

export const ServiceEntry = z.strictObject({
  version,
  source,
  disabled: z.boolean().optional(),
  jobs: z.record(z.string(), JobSettings).optional().describe('job name to its settings'),
});
export type ServiceEntry = z.infer<typeof ServiceEntry>;

export const WorkerEntry = z.strictObject({ version, source });
export type WorkerEntry = z.infer<typeof WorkerEntry>;

const section = <T extends z.ZodType>(entry: T, description: string) =>
  z.record(z.string(), entry).optional().describe(description);

export const WholeConfiguration = named(
  'WholeConfiguration',
  z
    .strictObject({
      $schema: z.string().optional(),
      aeTitles: section(AeTitleSettings, 'AE title to its settings'),
      sources: section(SourceEntry, 'AE title that may call to its settings'),
      destinations: section(DestinationSettings, 'name to destination'),
      pipelines: section(PipelineSettings, 'pipeline id to pipeline'),
      services: section(ServiceEntry, 'name of an installed service to its settings'),
      workers: section(WorkerEntry, 'name of a worker that has to be installed'),
    })
    .meta({ title: 'gantry.json', description: 'The configuration of a Gantry, by name' }),
);

/** In the order in which differences are shown. */
export const CONFIGURATION_SECTIONS = [
  'workers',
  'services',
  'pipelines',
  'aeTitles',
  'sources',
  'destinations',
] as const;
export type ConfigurationSection = (typeof CONFIGURATION_SECTIONS)[number];

/** The document as it is compared: every entry with all of its settings. */
export type ConfigurationDocument = Partial<
  Record<ConfigurationSection, Record<string, Record<string, unknown>>>
>;

export const ApplyRequest = named(
  'ApplyRequest',
  z.strictObject({
    configuration: WholeConfiguration,
    dryRun: z.boolean().optional().describe('only tells what would change'),
    keep: z.boolean().optional().describe('whether what the document does not name stays'),
  }),
);

/** As the handler reads it: the document is read entry by entry, so that one answer tells every problem. */
export const ApplyEnvelope = z.strictObject({
  ...ApplyRequest.shape,
  configuration: z.record(z.string(), z.unknown()),
});

export const ConfigurationChange = z.object({
  action: z.enum(['install', 'add', 'change', 'remove']),
  section: z.enum(CONFIGURATION_SECTIONS),
  name: z.string(),
  /** Only those that differ; `before` or `after` is absent where there is nothing. */
  fields: z.array(
    z.object({
      field: z.string(),
      before: z.unknown().optional(),
      after: z.unknown().optional(),
    }),
  ),
});
export type ConfigurationChange = z.infer<typeof ConfigurationChange>;

export const Application = named(
  'Application',
  z.object({
    applied: z.boolean().describe('false for a dry run'),
    changes: z.array(ConfigurationChange),
    notes: z.array(z.string()),
  }),
);
export type Application = z.infer<typeof Application>;
