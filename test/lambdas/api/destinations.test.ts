/** Destinations through the API, over a real table. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmulatedApi, type EmulatedApi } from '../../support/emulated-api.ts';

let api: EmulatedApi;

beforeAll(async () => {
  api = await startEmulatedApi();
}, 60_000);

afterAll(async () => {
  await api.stop();
});

const PACS = { aeTitle: 'PACS', host: 'pacs.hospital.example', port: 11_112 };

describe('destinations', () => {
  it('are made, merged with a second request, listed and removed', async () => {
    const made = await api.call('PUT', '/destinations/pacs', PACS);
    const changed = await api.call('PUT', '/destinations/pacs', { port: 104, tls: true });
    const listed = await api.call('GET', '/destinations');
    const shown = await api.call('GET', '/destinations/pacs');
    const removed = await api.call('DELETE', '/destinations/pacs');
    const gone = await api.call('GET', '/destinations/pacs');
    const again = await api.call('DELETE', '/destinations/pacs');

    expect(made.json).toEqual({ name: 'pacs', ...PACS, tls: false });
    expect(changed.json).toEqual({ name: 'pacs', ...PACS, port: 104, tls: true });
    expect(listed.json).toEqual({ items: [changed.json], next: null });
    expect(shown.json).toEqual(changed.json);
    expect(removed.status).toBe(204);
    expect(gone).toMatchObject({ status: 404, json: { code: 'not-found' } });
    expect(again.status).toBe(404);
  });

  it('are refused with every problem at once, and nothing is changed', async () => {
    const refused = await api.call('PUT', '/destinations/a%20b', {
      aeTitle: 'ABCDEFGHIJKLMNOPQ',
      host: 'no host',
      port: 70_000,
    });
    const incomplete = await api.call('PUT', '/destinations/new', { tls: true });
    const listed = await api.call('GET', '/destinations');

    expect(refused).toMatchObject({
      status: 400,
      json: {
        code: 'invalid-configuration',
        problems: [{ path: 'name' }, { path: 'aeTitle' }, { path: 'host' }, { path: 'port' }],
      },
    });
    expect(incomplete.json).toMatchObject({
      problems: [{ path: 'aeTitle' }, { path: 'host' }, { path: 'port' }],
    });
    expect(listed.json).toEqual({ items: [], next: null });
  });

  it.each(['10.1.2.3', '::1', 'localhost', 'ct_01.local', 'xn--rntgen-d1a.example'])(
    'may have the host %s',
    async (host) => {
      const made = await api.call('PUT', '/destinations/one', { ...PACS, host });

      expect(made).toMatchObject({ status: 200, json: { host } });
    },
  );

  it.each(['', 'a/b', '-a', 'a..b', '1.2.3.4:104', 'dicom://pacs'])(
    'may not have the host "%s"',
    async (host) => {
      const refused = await api.call('PUT', '/destinations/other', { ...PACS, host });

      expect(refused).toMatchObject({ status: 400, json: { problems: [{ path: 'host' }] } });
    },
  );

  it('stay as they are when a change has a value of another type', async () => {
    await api.call('PUT', '/destinations/kept', PACS);
    const refused = await api.call('PUT', '/destinations/kept', { port: '104' });

    expect(refused).toMatchObject({ status: 400, json: { code: 'invalid-request' } });
    expect((await api.call('GET', '/destinations/kept')).json).toMatchObject(PACS);
  });
});
