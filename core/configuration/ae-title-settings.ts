/**
 * A change of an AE title's settings: read, merged with what is there, and checked as a whole. Either the new
 * item comes out, with notes on what was adjusted, or every problem; never a part of a change.
 */
import type { ProblemDetail } from '../contracts/api-problem.ts';
import { BUILT_IN_PROCESSORS } from '../contracts/api-configuration.ts';
import { AE_TITLE_DEFAULTS, newAeTitle, type AeTitleItem } from '../contracts/configuration.ts';
import { CACHE_PROCESSOR, GROUPING_PROCESSOR } from '../contracts/names.ts';
import {
  DUPLICATE_POLICIES,
  INCOMPLETE_POLICIES,
  LATE_POLICIES,
  PRIORITIES,
  RESEND_POLICIES,
  UID_MISMATCH_POLICIES,
  UNPARSABLE_POLICIES,
} from '../contracts/vocabulary.ts';
import { nearest } from '../packages/nearest.ts';
import { CacheSettings } from '../processors/extension/cache.ts';
import { isObject } from './section-reading.ts';
import { SettingsReader } from './settings-reader.ts';

type Settings = Omit<AeTitleItem, 'aeTitle'>;

export type SettingsReading =
  | { readonly ok: true; readonly item: AeTitleItem; readonly notes: readonly string[] }
  | { readonly ok: false; readonly problems: readonly ProblemDetail[] };

const FIELDS = [
  'processor',
  'settings',
  'groupBy',
  'timeout',
  'maxWait',
  'priority',
  'pipelines',
  'late',
  'lateWindow',
  'accept',
  'ignore',
  'complete',
  'onIncomplete',
  'jobRetryDelay',
  'acceptUnknownSopClasses',
  'uidMismatch',
  'unparsable',
  'duplicates',
  'resends',
  'retention',
] as const;
const PIPELINE_PREFIX = 'pipeline-';

/** Which processors a site wrote, and what is wrong with the settings of the one that is named. */
export interface SiteProcessors {
  readonly known: readonly string[];
  readonly problems: readonly ProblemDetail[];
}

/**
 * The processor that the AE title will have and all of its settings, if it is to be asked about them: another
 * processor begins without any. Undefined for one that is built in.
 */
export const askedProcessor = (
  changes: Readonly<Record<string, unknown>>,
  before: AeTitleItem | undefined,
): ProcessorSettings | undefined => {
  const own = ownSettings(changes, before);
  return own?.processor === CACHE_PROCESSOR ? undefined : own;
};

interface ProcessorSettings {
  readonly processor: string;
  readonly settings: Record<string, unknown>;
}

/** Undefined for the default one, which has none beside those of every AE title. */
const ownSettings = (
  changes: Readonly<Record<string, unknown>>,
  before: AeTitleItem | undefined,
): ProcessorSettings | undefined => {
  const named = changes['processor'] ?? before?.processor ?? BUILT_IN_PROCESSORS[0];
  if (typeof named !== 'string') return undefined;
  const processor = named.trim().toLowerCase();
  if (processor === GROUPING_PROCESSOR) return undefined;
  const kept = before?.processor === processor ? (before.processorSettings ?? {}) : {};
  const wanted = isObject(changes['settings']) ? changes['settings'] : {};
  const settings = Object.entries({ ...kept, ...wanted }).filter(([, value]) => value !== null);
  return { processor, settings: Object.fromEntries(settings) };
};

/** `changes` is the request's JSON; `knownPipelines` the ids that may be named. */
export const readAeTitleSettings = (
  aeTitle: string,
  changes: Readonly<Record<string, unknown>>,
  before: AeTitleItem | undefined,
  knownPipelines: ReadonlySet<string>,
  site: SiteProcessors = { known: [], problems: [] },
): SettingsReading => {
  const reader = new SettingsReader();
  const base: Settings = before ?? newAeTitle(aeTitle);
  const named = Object.keys(changes).filter((key) => key.startsWith(PIPELINE_PREFIX));
  for (const key of Object.keys(changes)) {
    if (named.includes(key) || FIELDS.some((field) => field === key)) continue;
    const meant = nearest(key, FIELDS) ?? '';
    reader.tell(key, `is no setting of an AE title; did you mean "${meant}"?`);
  }
  const read = <T>(key: string, reading: (value: unknown) => T | undefined, otherwise: T): T =>
    changes[key] === undefined ? otherwise : (reading(changes[key]) ?? otherwise);

  const policy = <T extends string>(key: string, known: readonly T[], otherwise: T): T =>
    read(key, (value) => reader.oneOf(key, value, known), otherwise);

  const map = changes['pipelines'];
  const isMap = typeof map === 'object' && map !== null && !Array.isArray(map);
  if (map !== undefined && !isMap) reader.tell('pipelines', 'must be an object: name to id');
  const pipelineChanges = [
    ...Object.entries(isMap ? map : {}).map(([name, id]): [string, string, unknown] => [
      `pipelines.${name}`,
      name,
      id,
    ]),
    ...named.map((key): [string, string, unknown] => [
      key,
      key.slice(PIPELINE_PREFIX.length),
      changes[key],
    ]),
  ];

  reader.problems.push(...site.problems);
  const own = ownSettings(changes, before);
  if (changes['settings'] !== undefined && !isObject(changes['settings'])) {
    reader.tell('settings', 'must be an object: name to value');
  } else if (own === undefined && Object.keys(changes['settings'] ?? {}).length > 0) {
    reader.tell('settings', 'are those of another processor; name it with processor');
  }

  if (own?.processor === CACHE_PROCESSOR) {
    const parsed = CacheSettings.safeParse(own.settings);
    for (const { path, message } of parsed.error?.issues ?? []) {
      reader.tell(['settings', ...path.map(String)].join('.'), message);
    }
    // Its list and its sessions are by study.
    const asked = changes['groupBy'] === undefined ? undefined : reader.groupBy(changes['groupBy']);
    if (asked !== undefined && asked.join() !== AE_TITLE_DEFAULTS.groupBy.join()) {
      reader.tell('groupBy', 'is Study for the processor cache; leave it out');
    }
  }

  const item: AeTitleItem = {
    aeTitle,
    ...(own === undefined ? {} : { processorSettings: own.settings }),
    processor: read(
      'processor',
      (value) => reader.oneOf('processor', value, [...BUILT_IN_PROCESSORS, ...site.known]),
      base.processor,
    ),
    groupBy: read('groupBy', (value) => reader.groupBy(value), base.groupBy),
    timeoutSeconds: read('timeout', (value) => reader.timeout(value), base.timeoutSeconds),
    maxWaitSeconds: read(
      'maxWait',
      (value) => reader.duration('maxWait', value),
      base.maxWaitSeconds,
    ),
    priority: policy('priority', PRIORITIES, base.priority),
    pipelines: reader.pipelines(pipelineChanges, base.pipelines, knownPipelines),
    late: policy('late', LATE_POLICIES, base.late),
    lateWindowSeconds: read(
      'lateWindow',
      (value) => reader.duration('lateWindow', value),
      base.lateWindowSeconds,
    ),
    accept: read('accept', (value) => reader.sopClasses('accept', value), base.accept),
    ignore: read('ignore', (value) => reader.sopClasses('ignore', value), base.ignore),
    complete: read('complete', (value) => reader.declaredInputs(value), base.complete ?? []),
    onIncomplete: read(
      'onIncomplete',
      (value) => reader.oneOf('onIncomplete', value, INCOMPLETE_POLICIES),
      base.onIncomplete ?? 'run',
    ),
    jobRetryDelayMs: read(
      'jobRetryDelay',
      (value) => reader.duration('jobRetryDelay', value, 'milliseconds'),
      base.jobRetryDelayMs,
    ),
    acceptUnknownSopClasses: read(
      'acceptUnknownSopClasses',
      (value) => reader.yesOrNo('acceptUnknownSopClasses', value),
      base.acceptUnknownSopClasses ?? false,
    ),
    uidMismatch: policy('uidMismatch', UID_MISMATCH_POLICIES, base.uidMismatch),
    unparsable: policy('unparsable', UNPARSABLE_POLICIES, base.unparsable),
    duplicates: policy('duplicates', DUPLICATE_POLICIES, base.duplicates),
    resends: policy('resends', RESEND_POLICIES, base.resends),
    retentionDays: read(
      'retention',
      (value) => reader.duration('retention', value, 'days'),
      base.retentionDays,
    ),
  };
  if (item.processor === CACHE_PROCESSOR) item.groupBy = [...AE_TITLE_DEFAULTS.groupBy];
  const faulty = new Set(reader.problems.map(({ path }) => path));
  if (
    !faulty.has('timeout') &&
    !faulty.has('maxWait') &&
    item.maxWaitSeconds < item.timeoutSeconds
  ) {
    reader.tell(
      'maxWait',
      `is ${item.maxWaitSeconds} seconds and must not be less than timeout (${item.timeoutSeconds})` +
        (changes['maxWait'] === undefined ? '; set it as well' : ''),
    );
  }
  return reader.problems.length > 0
    ? { ok: false, problems: reader.problems }
    : { ok: true, item, notes: reader.notes };
};
