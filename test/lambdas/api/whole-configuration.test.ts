/** The configuration as one document, over a real table: all of a change or nothing, whoever else changes it. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Upload } from '../../../core/contracts/api-packages.ts';
import type { Application } from '../../../core/contracts/api-whole-configuration.ts';
import { startEmulatedApi, type ApiAnswer, type EmulatedApi } from '../../support/emulated-api.ts';
import { aJob, aPackage, zipOf } from '../../support/packages.ts';

let api: EmulatedApi;

const install = async (version: string, params: object): Promise<void> => {
  const { json } = await api.call('POST', '/uploads');
  const { uploadId, url } = json as Upload;
  const body = await zipOf(aPackage({ name: 'nodule', version, jobs: [aJob({ params })] }));
  await fetch(url, { method: 'PUT', body });
  expect(await api.call('POST', '/services', { uploadId, force: true })).toMatchObject({
    status: 200,
  });
};

const apply = (configuration: object, more: object = {}): Promise<ApiAnswer> =>
  api.call('POST', '/configuration', { configuration, ...more });

const exported = async (): Promise<Record<string, Record<string, object>>> =>
  (await api.call('GET', '/configuration')).json as Record<string, Record<string, object>>;

const EMPTY = { aeTitles: {}, sources: {}, destinations: {}, pipelines: {} };

beforeAll(async () => {
  api = await startEmulatedApi();
  await install('1.0.0', { level: 3, names: { a: 1 } });
}, 60_000);

afterAll(() => api.stop());

beforeEach(async () => {
  await apply({ ...EMPTY, services: { nodule: {} } });
});

describe('what is exported', () => {
  it('has everything that was set one by one, and applied it changes nothing', async () => {
    await api.call('PUT', '/pipelines/lung', { services: ['nodule'] });
    await api.call('PUT', '/ae-titles/CT1', { timeout: 60, pipelines: { lung: 'lung' } });
    await api.call('PUT', '/ae-titles/WEB', { processor: 'cache', settings: { retentionDays: 3 } });
    await api.call('PUT', '/sources/SCANNER', {
      userIdentity: { username: 'scanner', passcodeSha256: 'a'.repeat(64) },
    });
    await api.call('PUT', '/destinations/pacs', { aeTitle: 'PACS', host: 'pacs', port: 104 });
    await api.call('PUT', '/services/nodule/params', { key: 'names.b', value: 2 });
    await api.call('POST', '/services/nodule/disable', { job: 'segment' });

    const document = await exported();
    const again = await apply(document);

    expect(document).toMatchObject({
      aeTitles: { CT1: { timeout: 60, pipelines: { lung: 'lung' } }, WEB: { processor: 'cache' } },
      sources: { SCANNER: { userIdentity: { username: 'scanner' } } },
      destinations: { pacs: { host: 'pacs' } },
      services: {
        nodule: {
          version: '1.0.0',
          jobs: { segment: { disabled: true, params: { names: { a: 1, b: 2 } } } },
        },
      },
    });
    expect(JSON.stringify(document)).not.toContain('aaaa');
    expect(again).toMatchObject({ status: 200, json: { applied: true, changes: [], notes: [] } });
    expect(await api.context.configuration.sources.get('SCANNER')).toMatchObject({
      userIdentity: { passcodeSha256: 'a'.repeat(64) },
    });
  });
});

describe('applying a configuration', () => {
  it('sets, changes and removes by one call, and tells each of it', async () => {
    await apply({ aeTitles: { CT1: { timeout: 60 }, OLD: {} } });

    const { json } = await apply({
      aeTitles: { CT1: { timeout: 90 }, MR1: { timeout: 2 } },
      services: { nodule: { jobs: { segment: { params: { level: 4 } } } } },
    });

    expect(json).toMatchObject({
      applied: true,
      changes: [
        { action: 'change', section: 'services', name: 'nodule' },
        {
          action: 'change',
          section: 'aeTitles',
          name: 'CT1',
          fields: [{ field: 'timeout', before: 60, after: 90 }],
        },
        { action: 'add', section: 'aeTitles', name: 'MR1' },
        { action: 'remove', section: 'aeTitles', name: 'OLD' },
      ],
      notes: ['aeTitles.MR1: timeout 2 is below 5 seconds and was raised to 5'],
    });
    expect(Object.keys((await exported())['aeTitles'] ?? {})).toEqual(['CT1', 'MR1']);
    expect((await api.call('GET', '/services/nodule')).json).toMatchObject({
      jobs: [{ params: { level: 4, names: { a: 1 } } }],
    });
  });

  it('changes nothing when one thing of it is wrong, or for a dry run', async () => {
    const before = await exported();

    const refused = await apply({ aeTitles: { CT1: {} }, sources: { S: { hosts: ['x'] } } });
    const tried = await apply({ aeTitles: { CT1: {} } }, { dryRun: true });

    expect(refused).toMatchObject({
      status: 400,
      json: { code: 'invalid-configuration', problems: [{ path: 'sources.S.hosts' }] },
    });
    expect(tried).toMatchObject({
      status: 200,
      json: { applied: false, changes: [{ action: 'add', name: 'CT1' }] },
    });
    expect(await exported()).toEqual(before);
  });

  it('never shows the hash of a passcode, and tells that it changed', async () => {
    const withHash = (passcodeSha256: string) => ({
      sources: { S: { userIdentity: { username: 's', passcodeSha256 } } },
    });
    await apply(withHash('a'.repeat(64)));

    const { json, text } = await apply(withHash('b'.repeat(64)));

    expect((json as Application).changes).toHaveLength(1);
    expect(text).not.toContain('bbbb');
  });

  it('takes 99 changes at once, and refuses more of them without a part being done', async () => {
    const sources = (count: number) => ({
      sources: Object.fromEntries(Array.from({ length: count }, (_, index) => [`S${index}`, {}])),
    });

    const refused = await apply(sources(100));
    expect(refused).toMatchObject({ status: 400, json: { code: 'invalid-configuration' } });
    expect((await exported())['sources']).toEqual({});
    const done = await apply(sources(99));
    expect(done.status).toBe(200);
    expect(Object.keys((await exported())['sources'] ?? {})).toHaveLength(99);
  });

  it('of several at the same time leaves one of them as a whole, not a mixture', async () => {
    const names = ['A', 'B', 'C'];
    const documents = names.map((name) => ({
      destinations: Object.fromEntries(
        Array.from({ length: 5 }, (_, index) => [
          `${name}${index}`,
          { aeTitle: name, host: 'pacs', port: 104 },
        ]),
      ),
    }));

    const answers = await Promise.all(documents.map((document) => apply(document)));

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    const left = Object.keys((await exported())['destinations'] ?? {});
    expect(
      names
        .map((name) => names.indexOf(name))
        .some((index) => {
          const wanted = Object.keys(documents[index]?.destinations ?? {});
          return JSON.stringify(left) === JSON.stringify(wanted);
        }),
    ).toBe(true);
  });

  it('does not put settings on a version that came in between', async () => {
    const { configuration } = api.context;
    const read = await configuration.services.get('nodule');
    const revision = await configuration.revision();
    await install('1.1.0', { level: 7 });

    const service = { ...read!, disabled: true };
    const done = await configuration.changeWhole(
      [
        { kind: 'SOURCE', name: 'S', item: { aeTitle: 'S', hosts: [] } },
        { kind: 'SERVICE', name: 'nodule', service },
      ],
      revision,
    );

    expect(done).toBe(false);
    expect(await configuration.sources.get('S')).toBeUndefined();
    expect(await configuration.services.get('nodule')).toMatchObject({
      version: '1.1.0',
      disabled: false,
    });
  });
});
