/** The configuration as one document: what is exported changes nothing, and a difference leads from one to the other. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configurationChanges } from '../../../core/configuration/configuration-changes.ts';
import {
  configurationDocument,
  shownDocument,
  type ConfigurationItems,
} from '../../../core/configuration/configuration-document.ts';
import { readConfiguration } from '../../../core/configuration/read-configuration.ts';
import type { ConfigurationDocument } from '../../../core/contracts/api-whole-configuration.ts';
import type {
  AeTitleItem,
  DestinationItem,
  JobDefinition,
  PipelineItem,
  ServiceItem,
  SourceItem,
} from '../../../core/contracts/configuration.ts';
import {
  DUPLICATE_POLICIES,
  LATE_POLICIES,
  PRIORITIES,
  RESEND_POLICIES,
  UID_MISMATCH_POLICIES,
  UNPARSABLE_POLICIES,
} from '../../../core/contracts/vocabulary.ts';

const name = fc.constantFrom('A', 'B', 'C', 'D', 'E');
const hash = fc.constantFrom('0'.repeat(64), 'a'.repeat(64));
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const pipeline: fc.Arbitrary<PipelineItem> = fc
  .record({
    id: name,
    name: fc.constantFrom('one', 'two'),
    services: fc.uniqueArray(fc.constantFrom('nodule', 'vessel')),
    rule: maybe(fc.constantFrom('"CT" in instances.Modality')),
  })
  .map(({ rule, ...item }) => ({ ...item, ...(rule === undefined ? {} : { rule }) }));

const aeTitle = (pipelines: readonly string[]): fc.Arbitrary<AeTitleItem> =>
  fc.record({
    aeTitle: name,
    processor: fc.constant('ae-title'),
    groupBy: fc.constantFrom(['PatientID'], ['AccessionNumber', 'StationName']),
    timeoutSeconds: fc.constantFrom(5, 60.5),
    maxWaitSeconds: fc.constantFrom(100, 3600),
    priority: fc.constantFrom(...PRIORITIES),
    pipelines: fc.dictionary(fc.constantFrom('x', 'y'), fc.constantFrom('default', ...pipelines), {
      noNullPrototype: true,
    }),
    late: fc.constantFrom(...LATE_POLICIES),
    lateWindowSeconds: fc.constantFrom(0, 86_400),
    accept: fc.constantFrom([], ['1.2.840.10008.5.1.4.1.1.2']),
    ignore: fc.constantFrom([], ['1.2.840.10008.5.1.4.1.1.88.67']),
    jobRetryDelayMs: fc.constantFrom(0, 5000),
    acceptUnknownSopClasses: fc.boolean(),
    uidMismatch: fc.constantFrom(...UID_MISMATCH_POLICIES),
    unparsable: fc.constantFrom(...UNPARSABLE_POLICIES),
    duplicates: fc.constantFrom(...DUPLICATE_POLICIES),
    resends: fc.constantFrom(...RESEND_POLICIES),
    complete: fc.constantFrom(
      [],
      [{ name: 'CT', match: 'Modality = "CT"', count: 2, countOf: 'instances' as const }],
    ),
    onIncomplete: fc.constantFrom('run' as const, 'hold' as const, 'discard' as const),
    retentionDays: fc.constantFrom(0.01, 30),
  });

const source: fc.Arbitrary<SourceItem> = fc.record(
  {
    aeTitle: name,
    hosts: fc.constantFrom([], ['10.1.0.0/16', '::1']),
    port: fc.constantFrom(104, 11_112),
    tls: fc.boolean(),
    maxAssociations: fc.constantFrom(1, 4),
    certificateFingerprints: fc.constantFrom([], ['ab'.repeat(32)]),
    userIdentity: fc.record(
      { username: fc.constantFrom('u', 'v'), passcodeSha256: hash },
      { noNullPrototype: true },
    ),
  },
  { requiredKeys: ['aeTitle', 'hosts'], noNullPrototype: true },
);

const destination: fc.Arbitrary<DestinationItem> = fc.record({
  name,
  aeTitle: fc.constantFrom('PACS', 'ARCHIVE'),
  host: fc.constantFrom('pacs.local', '10.0.0.1'),
  port: fc.constantFrom(104, 11_112),
  tls: fc.boolean(),
});

const job = (jobName: string): JobDefinition => ({
  jobName,
  workerEntry: 'main.run',
  registryEntry: 'main.ask',
  events: ['stable-series'],
  dependsOn: [],
  sortPosition: 0,
  worker: null,
  timeoutSeconds: 60,
  params: { level: 3, names: { a: 1 } },
  disabled: false,
  onError: 'fail',
  description: '',
});

const PACKAGE: ServiceItem = {
  name: 'nodule',
  version: '1.2.0',
  summary: '',
  hash: 'h',
  registryFunction: 'f',
  installedAt: 1,
  updatedAt: 1,
  disabled: false,
  jobs: [job('find'), { ...job('measure'), disabled: true }],
};
const PACKAGES = new Map([['nodule', PACKAGE]]);

const service: fc.Arbitrary<ServiceItem> = fc
  .record({
    disabled: fc.boolean(),
    switches: fc.tuple(fc.boolean(), fc.boolean()),
    params: fc.constantFrom<Record<string, unknown>>(
      {},
      { level: 4 },
      { names: {} },
      { names: { a: 1, b: 2 }, extra: null },
    ),
  })
  .map(({ disabled, switches, params }) => ({
    ...PACKAGE,
    disabled,
    jobs: PACKAGE.jobs.map((definition, index) => ({
      ...definition,
      disabled: switches[index] ?? false,
      params: { ...definition.params, ...params },
    })),
  }));

const distinct = <T>(item: fc.Arbitrary<T>, selector: (item: T) => string) =>
  fc.uniqueArray(item, { selector, maxLength: 4 });

/** The service is always there: what is not installed cannot be configured. */
const configuration: fc.Arbitrary<ConfigurationItems> = distinct(pipeline, ({ id }) => id).chain(
  (pipelines) =>
    fc.record({
      pipelines: fc.constant(pipelines),
      aeTitles: distinct(aeTitle(pipelines.map(({ id }) => id)), (item) => item.aeTitle),
      sources: distinct(source, (item) => item.aeTitle),
      destinations: distinct(destination, (item) => item.name),
      services: service.map((item) => [item]),
      workers: fc.constant([
        { name: 'default', type: 'default' as const, slots: 2, maxRunners: 4 },
      ]),
    }),
);

const documentOf = (items: ConfigurationItems) => configurationDocument(items, PACKAGES);
/** As it comes back out of a file. */
const inFile = (document: ConfigurationDocument): Record<string, unknown> =>
  JSON.parse(JSON.stringify(document)) as Record<string, unknown>;

const apply = (
  document: Record<string, unknown>,
  current: ConfigurationItems,
  options: { keep?: boolean; installFirst?: boolean } = {},
) =>
  readConfiguration(document, current, PACKAGES, {
    keep: false,
    installFirst: false,
    processors: new Map(),
    ...options,
  });

const applied = (...parameters: Parameters<typeof apply>): ConfigurationItems => {
  const reading = apply(...parameters);
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return reading.items;
};

const EMPTY: ConfigurationItems = {
  aeTitles: [],
  sources: [],
  destinations: [],
  pipelines: [],
  services: [PACKAGE],
  workers: [],
};

describe('the configuration as one document', () => {
  it('changes nothing when what was exported is applied, without the hash of any passcode', () => {
    fc.assert(
      fc.property(configuration, (items) => {
        const exported = inFile(shownDocument(documentOf(items)));

        expect(JSON.stringify(exported)).not.toContain('passcodeSha256');
        const after = applied(exported, items);
        expect(configurationChanges(documentOf(items), documentOf(after))).toEqual([]);
      }),
    );
  });

  it('makes of any configuration the one that it says, and the difference tells every setting', () => {
    fc.assert(
      fc.property(configuration, configuration, (before, wanted) => {
        const after = applied(inFile(documentOf(wanted)), before);

        expect(documentOf(after)).toEqual(documentOf(wanted));
        const document = structuredClone(documentOf(before));
        for (const { action, section, name: key, fields } of configurationChanges(
          documentOf(before),
          documentOf(after),
        )) {
          const entries = (document[section] ??= {});
          if (action === 'remove') {
            Reflect.deleteProperty(entries, key);
            continue;
          }
          const entry = (entries[key] ??= {});
          for (const { field, ...value } of fields) {
            if ('after' in value) entry[field] = value.after;
            else Reflect.deleteProperty(entry, field);
          }
        }
        expect(document).toEqual(documentOf(wanted));
      }),
    );
  });

  it('leaves alone what it does not name when that is to be kept, and sections that it does not have', () => {
    fc.assert(
      fc.property(configuration, configuration, (before, wanted) => {
        const kept = documentOf(applied(inFile(documentOf(wanted)), before, { keep: true }));
        const [was, is] = [documentOf(before), documentOf(wanted)];

        expect(kept.destinations).toEqual({ ...was.destinations, ...is.destinations });
        expect(kept.sources).toEqual({ ...was.sources, ...is.sources });
        const some = applied({ destinations: inFile(is)['destinations'] }, before);
        expect(documentOf(some)).toEqual({ ...was, destinations: is.destinations });
      }),
    );
  });
});

describe('a configuration document with mistakes', () => {
  it('is refused with all of its problems at once, each with its place', () => {
    const reading = apply(
      {
        aetitles: {},
        aeTitles: {
          CT1: { timeout: -1, groupby: 'Study', pipelines: { lung: 'gone' } },
          'FAR TOO LONG A TITLE': {},
          MR1: 7,
        },
        sources: { S: { hosts: ['x'] }, T: { port: 0 }, U: { userIdentity: { username: 'u' } } },
        destinations: { pacs: { host: 'pacs' } },
        pipelines: { 'a b': {}, ruled: { rule: '$cuont(1)' } },
        services: {
          nodule: { version: '2' },
          vessel: {},
        },
        workers: { torch: { source: './torch' } },
      },
      EMPTY,
    );

    expect(reading.ok ? [] : reading.problems.map(({ path }) => path)).toEqual([
      'aetitles',
      'pipelines.a b.id',
      'pipelines.ruled.rule',
      'aeTitles.CT1.groupby',
      'aeTitles.CT1.timeout',
      'aeTitles.CT1.pipelines.lung',
      'aeTitles.FAR TOO LONG A TITLE',
      'aeTitles.MR1',
      'sources.S.hosts',
      'sources.T.port',
      'sources.U.userIdentity.passcodeSha256',
      'destinations.pacs.aeTitle',
      'destinations.pacs.port',
      'services.nodule',
      'services.vessel',
      'workers.torch',
    ]);
  });

  it('cannot name one thing twice', () => {
    const reading = apply({ sources: { CT1: {}, ' CT1': {} } }, EMPTY);

    expect(reading).toMatchObject({ ok: false, problems: [{ path: 'sources. CT1' }] });
  });

  it('cannot remove what something that stays names', () => {
    const current = applied(
      {
        pipelines: { lung: { services: ['nodule'] } },
        aeTitles: { CT1: { pipelines: { lung: 'lung' } } },
      },
      EMPTY,
    );

    expect(apply({ pipelines: {} }, current)).toMatchObject({
      ok: false,
      problems: [{ path: 'pipelines.lung' }],
    });
    expect(apply({ services: {} }, current)).toMatchObject({
      ok: false,
      problems: [{ path: 'services.nodule' }],
    });
    expect(apply({ pipelines: {}, aeTitles: {}, services: {} }, current)).toMatchObject({
      ok: true,
      items: { pipelines: [], aeTitles: [], services: [] },
    });
  });

  it('names jobs that the package has', () => {
    const reading = apply({ services: { nodule: { jobs: { fnd: {} } } } }, EMPTY);

    expect(reading).toMatchObject({ ok: false, problems: [{ path: 'services.nodule.jobs.fnd' }] });
  });
});

describe('packages that a configuration document names with their sources', () => {
  const document = {
    services: { nodule: { version: '2', source: './nodule' }, vessel: { source: './vessel' } },
    workers: { torch: { version: '1', source: './torch' } },
    pipelines: { vessels: { services: ['vessel'] } },
  };

  it('are told as what is to be installed first', () => {
    expect(apply(document, EMPTY, { installFirst: true })).toMatchObject({
      ok: true,
      notes: [],
      installs: [
        { section: 'workers', name: 'torch' },
        {
          section: 'services',
          name: 'nodule',
          fields: [
            { field: 'source', after: './nodule' },
            { field: 'version', before: '1.2.0', after: '2' },
          ],
        },
        { section: 'services', name: 'vessel' },
      ],
    });
  });

  it('are problems for who does not install them', () => {
    expect(apply(document, EMPTY)).toMatchObject({
      ok: false,
      problems: [
        { path: 'services.nodule', remedy: expect.stringContaining('--force ./nodule') as string },
        { path: 'services.vessel' },
        { path: 'workers.torch' },
      ],
    });
  });
});
