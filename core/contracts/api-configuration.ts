/**
 * The JSON shapes of what a site configures: AE titles, sources, destinations, pipelines.
 * Durations are in seconds. `set` merges: what a request leaves out stays, null in a map of pipelines takes a name away.
 */
import { z } from 'zod';
import { GroupBy, named, pageOf } from './api.ts';
import { showGroupBy } from './api-conversion.ts';
import {
  DeclaredInput,
  type AeTitleItem,
  type DestinationItem,
  type PipelineItem,
  type SourceItem,
} from './configuration.ts';
import { isoTime } from './day.ts';
import type { IgnoredCount } from './items.ts';
import { CACHE_PROCESSOR, DEFAULT_PIPELINE, GROUPING_PROCESSOR } from './names.ts';
import {
  DUPLICATE_POLICIES,
  DuplicatePolicy,
  INCOMPLETE_POLICIES,
  IncompletePolicy,
  LATE_POLICIES,
  LatePolicy,
  Priority,
  PRIORITIES,
  RESEND_POLICIES,
  ResendPolicy,
  UID_MISMATCH_POLICIES,
  UidMismatchPolicy,
  UNPARSABLE_POLICIES,
  UnparsablePolicy,
} from './vocabulary.ts';

/** Built in; a site's own stand beside them. */
export const BUILT_IN_PROCESSORS = [GROUPING_PROCESSOR, CACHE_PROCESSOR] as const;

const SopClasses = z
  .union([z.string(), z.array(z.string())])
  .describe("UIDs, or the standard's names or keywords");

const policyOf = (policies: readonly string[], what: string) =>
  z
    .string()
    .optional()
    .describe(`${what}: ${policies.join(', ')}`);

/** What `ae-title set` may say. Checked field by field in core/configuration, so that all problems are told. */
export const AeTitleSettings = named(
  'AeTitleSettings',
  z.strictObject({
    processor: z.string().optional().describe('ae-title, cache, or one of the site'),
    settings: z
      .record(z.string(), z.unknown())
      .optional()
      .describe("the processor's own; null takes one away, and its default holds"),
    groupBy: GroupBy.optional(),
    timeout: z.number().min(0).optional().describe('seconds of quiet; below 5 is raised to 5'),
    maxWait: z.number().min(0).optional().describe('seconds after the first instance'),
    priority: z
      .string()
      .optional()
      .describe(`${PRIORITIES.join(', ')}; in any letter case`),
    pipelines: z
      .record(z.string(), z.string().nullable())
      .optional()
      .describe('pipeline name to pipeline id; null takes a name away'),
    late: z
      .string()
      .optional()
      .describe(
        `what comes after the release makes a group as this says: ${LATE_POLICIES.join(', ')}`,
      ),
    lateWindow: z
      .number()
      .min(0)
      .optional()
      .describe('seconds after a release; 0: nothing is late'),
    accept: SopClasses.optional().describe('SOP classes that are grouped; an empty list: all'),
    ignore: SopClasses.optional().describe('SOP classes that are acknowledged and not kept'),
    complete: z
      .array(DeclaredInput.partial({ countOf: true }))
      .optional()
      .describe('inputs that a group must have, to be released when all are there'),
    onIncomplete: z
      .string()
      .optional()
      .describe(`when the time runs out before: ${INCOMPLETE_POLICIES.join(', ')}`),
    jobRetryDelay: z.number().min(0).optional().describe('milliseconds before a first retry'),
    acceptUnknownSopClasses: z
      .boolean()
      .optional()
      .describe('whether private and later storage SOP classes are received too'),
    uidMismatch: policyOf(
      UID_MISMATCH_POLICIES,
      'a data set whose SOP class or instance is not that of its request',
    ),
    unparsable: policyOf(UNPARSABLE_POLICIES, 'a data set that cannot be read for its key'),
    duplicates: policyOf(DUPLICATE_POLICIES, 'the same SOP instance again, with other bytes'),
    resends: policyOf(
      RESEND_POLICIES,
      'the same SOP instance again, with the same bytes; restart: the quiet time starts anew',
    ),
    retention: z
      .number()
      .min(0)
      .optional()
      .describe('days from the release of a group until its images are deleted'),
  }),
);

export const AeTitle = named(
  'AeTitle',
  z.object({
    aeTitle: z.string(),
    processor: z.string(),
    settings: z.record(z.string(), z.unknown()).describe("the processor's own that were set"),
    groupBy: GroupBy,
    timeout: z.number(),
    maxWait: z.number(),
    priority: Priority,
    pipelines: z.record(z.string(), z.string()),
    late: LatePolicy,
    lateWindow: z.number().describe('seconds'),
    /** UIDs. */
    accept: z.array(z.string()),
    ignore: z.array(z.string()),
    complete: z.array(DeclaredInput),
    onIncomplete: IncompletePolicy,
    jobRetryDelay: z.number().describe('milliseconds'),
    acceptUnknownSopClasses: z.boolean(),
    uidMismatch: UidMismatchPolicy,
    unparsable: UnparsablePolicy,
    duplicates: DuplicatePolicy,
    resends: ResendPolicy,
    retention: z.number().describe('days'),
    /** What was changed on the way in, such as a timeout that was raised. */
    notes: z.array(z.string()),
  }),
);
export type AeTitle = z.infer<typeof AeTitle>;

/** Shown alone: with what was received and not kept, by SOP class. */
export const AeTitleDetail = named(
  'AeTitleDetail',
  AeTitle.extend({
    ignored: z.array(
      z.object({
        sopClassUid: z.string(),
        count: z.int(),
        lastAt: z.iso.datetime({ precision: 3 }),
      }),
    ),
  }),
);
export type AeTitleDetail = z.infer<typeof AeTitleDetail>;
export const AeTitlePage = pageOf('AeTitlePage', AeTitle);

export const toAeTitle = (item: AeTitleItem, notes: string[] = []): AeTitle => ({
  aeTitle: item.aeTitle,
  processor: item.processor,
  settings: item.processorSettings ?? {},
  groupBy: showGroupBy(item.groupBy),
  timeout: item.timeoutSeconds,
  maxWait: item.maxWaitSeconds,
  priority: item.priority,
  pipelines:
    Object.keys(item.pipelines).length === 0
      ? { [DEFAULT_PIPELINE]: DEFAULT_PIPELINE }
      : item.pipelines,
  late: item.late,
  lateWindow: item.lateWindowSeconds,
  accept: item.accept,
  ignore: item.ignore,
  complete: item.complete ?? [],
  onIncomplete: item.onIncomplete ?? 'run',
  jobRetryDelay: item.jobRetryDelayMs,
  acceptUnknownSopClasses: item.acceptUnknownSopClasses ?? false,
  uidMismatch: item.uidMismatch,
  unparsable: item.unparsable,
  duplicates: item.duplicates,
  resends: item.resends,
  retention: item.retentionDays,
  notes,
});

export const toAeTitleDetail = (
  item: AeTitleItem,
  ignored: readonly IgnoredCount[],
): AeTitleDetail => ({
  ...toAeTitle(item),
  ignored: ignored.map(({ sopClassUid, count, lastAt }) => ({
    sopClassUid,
    count,
    lastAt: isoTime(lastAt),
  })),
});

export const SourceSettings = named(
  'SourceSettings',
  z.strictObject({
    hosts: z.array(z.string()).optional().describe('addresses or CIDR blocks; none: any address'),
    port: z
      .int()
      .min(1)
      .max(65_535)
      .nullable()
      .optional()
      .describe('where it listens for reports of storage commitment; null takes it away'),
    tls: z.boolean().optional().describe('whether it listens for reports by TLS; default false'),
    maxAssociations: z.int().min(1).nullable().optional().describe('at once; null: no limit'),
    certificateFingerprints: z
      .array(z.string().regex(/^([0-9A-Fa-f]{2}:?){32}$/, 'must be a SHA-256 in hex'))
      .optional()
      .describe('SHA-256 of its client certificates; none: not bound to any'),
    userIdentity: z
      .strictObject({
        username: z.string().min(1),
        passcodeSha256: z.string().regex(/^[0-9A-Fa-f]{64}$/, 'must be a SHA-256 in hex'),
      })
      .nullable()
      .optional()
      .describe('what it has to give; null: nothing'),
  }),
);
export const Source = named(
  'Source',
  z.object({
    aeTitle: z.string(),
    hosts: z.array(z.string()),
    port: z.int().nullable(),
    tls: z.boolean(),
    maxAssociations: z.int().nullable(),
    certificateFingerprints: z.array(z.string()),
    /** The passcode's hash is not shown. */
    username: z.string().nullable(),
  }),
);
export type Source = z.infer<typeof Source>;
export const SourcePage = pageOf('SourcePage', Source);
export const toSource = (item: SourceItem): Source => ({
  aeTitle: item.aeTitle,
  hosts: item.hosts,
  port: item.port ?? null,
  tls: item.tls ?? false,
  maxAssociations: item.maxAssociations ?? null,
  certificateFingerprints: item.certificateFingerprints ?? [],
  username: item.userIdentity?.username ?? null,
});

/** What `destination set` may say; a new one needs an AE title, a host and a port. */
export const DestinationSettings = named(
  'DestinationSettings',
  z.strictObject({
    aeTitle: z.string().optional().describe('the called AE title'),
    host: z.string().optional().describe('a name or an address'),
    port: z.number().optional().describe('1 to 65535'),
    tls: z.boolean().optional().describe('whether to speak TLS; default false'),
  }),
);
export type DestinationSettings = z.infer<typeof DestinationSettings>;
export const Destination = named(
  'Destination',
  z.object({
    name: z.string(),
    aeTitle: z.string(),
    host: z.string(),
    port: z.int(),
    tls: z.boolean(),
  }),
);
export type Destination = z.infer<typeof Destination>;
export const DestinationPage = pageOf('DestinationPage', Destination);
export const toDestination = ({
  name,
  aeTitle,
  host,
  port,
  tls,
}: DestinationItem): Destination => ({
  name,
  aeTitle,
  host,
  port,
  tls,
});

export const PipelineSettings = named(
  'PipelineSettings',
  z.strictObject({
    name: z.string().min(1).optional(),
    services: z.array(z.string()).optional().describe('none: all installed services'),
    rule: z
      .string()
      .nullable()
      .optional()
      .describe('JSONata: which groups it is for; null: all of them'),
  }),
);
export const Pipeline = named(
  'Pipeline',
  z.object({
    id: z.string(),
    name: z.string(),
    services: z.array(z.string()),
    rule: z.string().nullable(),
    notes: z.array(z.string()),
  }),
);
export type Pipeline = z.infer<typeof Pipeline>;
export const PipelinePage = pageOf('PipelinePage', Pipeline);
export const toPipeline = (
  { id, name, services, rule }: PipelineItem,
  notes: string[] = [],
): Pipeline => ({ id, name, services, rule: rule ?? null, notes });
