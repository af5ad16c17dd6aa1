/**
 * What a site configures at run time: AE titles, sources, destinations, pipelines, services. Each is an item of the
 * partition CONFIG, written through the API and read by everybody else. The settings of an AE title mean
 * what Clara's documentation of its job processors says; durations are in seconds where a person writes them.
 */
import { z } from 'zod';
import { GROUPING_PROCESSOR } from './names.ts';
import {
  CountedThing,
  DuplicatePolicy,
  IncompletePolicy,
  LatePolicy,
  Priority,
  ResendPolicy,
  StableEvent,
  UidMismatchPolicy,
  UnparsablePolicy,
} from './vocabulary.ts';

/** PS3.5 section 6.2, VR AE: at most 16 characters of the default repertoire, no backslash, not only spaces. */
export const AeTitleName = z
  .string()
  .transform((text) => text.trim())
  .pipe(
    z
      .string()
      .min(1, 'an AE title has at least one character that is not a space')
      .max(16, 'an AE title has at most 16 characters')
      .regex(
        /^[\x20-\x5b\x5d-\x7e]*$/,
        'an AE title has printable ASCII characters and no backslash',
      ),
  );

/** What becomes of instances that are not as they should be; nothing is lost by any of these defaults. */
export const RECEPTION_DEFAULTS = {
  uidMismatch: 'refuse',
  unparsable: 'unrouted',
  duplicates: 'keepBoth',
  resends: 'acknowledge',
} as const;

export const AE_TITLE_DEFAULTS = {
  ...RECEPTION_DEFAULTS,
  groupBy: ['StudyInstanceUID'],
  timeoutSeconds: 5,
  maxWaitSeconds: 3600,
  priority: 'normal',
  late: 'new',
  lateWindowSeconds: 86_400,
  accept: [],
  ignore: [],
  jobRetryDelayMs: 5000,
  retentionDays: 30,
} as const;

/** Clara's lower bound: a shorter window is raised to this, and the answer says so. */
export const MINIMUM_TIMEOUT_SECONDS = 5;

/** An input that a group must have: what matches a rule about one instance, as often as a number or an attribute says. */
export const DeclaredInput = z.object({
  name: z.string(),
  match: z.string(),
  /** A number, or the keyword of an attribute that matching instances have. */
  count: z.union([z.int().min(1), z.string()]),
  countOf: CountedThing,
});
export type DeclaredInput = z.infer<typeof DeclaredInput>;

export const AeTitleItem = z.object({
  aeTitle: z.string(),
  processor: z.string(),
  /** Of the processor itself, checked by it; only processors that a site wrote, and `cache`, have any. */
  processorSettings: z.record(z.string(), z.unknown()).optional(),
  /** DICOM keywords: one, or several for a composite key. */
  groupBy: z.array(z.string()).min(1),
  timeoutSeconds: z.number(),
  maxWaitSeconds: z.number(),
  priority: Priority,
  /** Pipeline name → pipeline id; empty means the pipeline `default`. */
  pipelines: z.record(z.string(), z.string()),
  late: LatePolicy.default(AE_TITLE_DEFAULTS.late),
  /** How long after the release of a group an instance of its key counts as late. */
  lateWindowSeconds: z.number().default(AE_TITLE_DEFAULTS.lateWindowSeconds),
  /** UIDs of the SOP classes that are grouped; none: all. What is in `ignore` is ignored nevertheless. */
  accept: z.array(z.string()).default([]),
  ignore: z.array(z.string()).default([]),
  /** With any, a group is released as soon as all are there. */
  complete: z.array(DeclaredInput).optional(),
  onIncomplete: IncompletePolicy.optional(),
  /** Before the first retry of a job. */
  jobRetryDelayMs: z.number().default(AE_TITLE_DEFAULTS.jobRetryDelayMs),
  /** Whether private SOP classes, and storage SOP classes of later editions, are received too; default false. */
  acceptUnknownSopClasses: z.boolean().optional(),
  uidMismatch: UidMismatchPolicy.default(RECEPTION_DEFAULTS.uidMismatch),
  unparsable: UnparsablePolicy.default(RECEPTION_DEFAULTS.unparsable),
  duplicates: DuplicatePolicy.default(RECEPTION_DEFAULTS.duplicates),
  resends: ResendPolicy.default(RECEPTION_DEFAULTS.resends),
  /** Days from a group's release until its instances are handed over to the reclaimer. */
  retentionDays: z.number().default(AE_TITLE_DEFAULTS.retentionDays),
});
export type AeTitleItem = z.infer<typeof AeTitleItem>;

/** An AE title of which nobody has said anything: all defaults, by study and into the pipeline `default`. */
export const newAeTitle = (aeTitle: string): AeTitleItem => ({
  ...AE_TITLE_DEFAULTS,
  aeTitle,
  processor: GROUPING_PROCESSOR,
  groupBy: [...AE_TITLE_DEFAULTS.groupBy],
  pipelines: {},
  accept: [],
  ignore: [],
});

/** Who may call. Without any source item, every AE title may call from the loopback address, and nobody else. */
export const SourceItem = z.object({
  aeTitle: z.string(),
  hosts: z.array(z.string()),
  /** Where it listens itself, at the address that it calls from: reports of storage commitment go there. */
  port: z.int().min(1).max(65_535).optional(),
  /** Whether reports go there by TLS. Its certificate has to be one of those below, or of the site's CA. */
  tls: z.boolean().optional(),
  /** Associations at once; without it, only the listener's own limit holds. */
  maxAssociations: z.int().min(1).optional(),
  /** SHA-256 of client certificates (DER), in hex. With any, it may call by TLS and with one of them only. */
  certificateFingerprints: z.array(z.string()).optional(),
  /** With it, an association is accepted only with this user name and passcode (PS3.7 section D.3.3.7). */
  userIdentity: z.object({ username: z.string(), passcodeSha256: z.string() }).optional(),
});
export type SourceItem = z.infer<typeof SourceItem>;

/** Where service code may send: a receiver of C-STORE. With `tls` its certificate is verified. */
export const DestinationItem = z.object({
  name: z.string(),
  aeTitle: z.string(),
  host: z.string(),
  port: z.int(),
  tls: z.boolean(),
});
export type DestinationItem = z.infer<typeof DestinationItem>;

/** No service named: all installed ones. */
export const PipelineItem = z.object({
  id: z.string(),
  name: z.string(),
  services: z.array(z.string()),
  /** Which groups it is for; without one, all of them. */
  rule: z.string().optional(),
});
export type PipelineItem = z.infer<typeof PipelineItem>;

/** A job definition as stored: the package's, with the site's changes of `params` and `disabled` applied. */
/** How often a job is tried in all when its callback fails or runs out of time. */
export const RetryRule = z.object({
  /** The first try included. */
  attempts: z.int().min(1),
  /** Before the second try; doubled for each further one. Absent: the `jobRetryDelay` of the AE title. */
  backoffSeconds: z.number().min(0).optional(),
});

/**
 * For whom a service's Python process stays after a job: for jobs of the same session, or for those of all
 * sessions, whose headers and images it then sees one after another.
 */
export const KEEP_WARM = ['session', 'all-sessions'] as const;
export const KeepWarm = z.enum(KEEP_WARM);

export const JobDefinition = z.object({
  jobName: z.string(),
  workerEntry: z.string(),
  registryEntry: z.string(),
  events: z.array(StableEvent),
  dependsOn: z.array(z.string()),
  sortPosition: z.number(),
  worker: z.string().nullable(),
  timeoutSeconds: z.int(),
  params: z.record(z.string(), z.unknown()),
  disabled: z.boolean(),
  onError: z.enum(['fail', 'continue']),
  description: z.string(),
  keepWarm: KeepWarm.optional(),
  /** Of the job's queue; without it the session's. */
  priority: Priority.optional(),
  retry: RetryRule.optional(),
  /** What one job needs, at most what its worker has. */
  gpu: z.int().min(0).optional(),
  cpu: z.number().positive().optional(),
  /** Limit of the callback and what it starts, together. */
  memoryMiB: z.int().min(1).optional(),
  /** Written for dcm-processor 1: its functions have dotted names and other arguments, its headers another form. */
  v1: z.literal(true).optional(),
});
export type JobDefinition = z.infer<typeof JobDefinition>;

export const ServiceItem = z.object({
  name: z.string(),
  version: z.string(),
  summary: z.string(),
  /** Content hash of module and registry folders: names the version's objects and its function. */
  hash: z.string(),
  registryFunction: z.string(),
  /** Order of installation: jobs of earlier services come first (contract, section 1.6). */
  installedAt: z.int(),
  updatedAt: z.int(),
  disabled: z.boolean(),
  jobs: z.array(JobDefinition),
  /** Names with comparisons of versions, as the package writes them. */
  requiredServices: z.array(z.string()).optional(),
  requiredWorkers: z.array(z.string()).optional(),
});
export type ServiceItem = z.infer<typeof ServiceItem>;
