/** Job processors of a site by the API: set by name, refused by name, and what they failed with. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Delivery } from '../../../core/contracts/api-deliveries.ts';
import type { DeliveryItem } from '../../../core/contracts/deliveries.ts';
import { instanceDeliveryId } from '../../../core/contracts/keys.ts';
import { siteProcessors } from '../../../lambdas/api/site-processors.ts';
import { startEmulatedApi, type EmulatedApi } from '../../support/emulated-api.ts';

let api: EmulatedApi;
beforeAll(async () => {
  api = await startEmulatedApi();
}, 60_000);
afterAll(() => api.stop());

const delivery: DeliveryItem = {
  id: instanceDeliveryId('a'.repeat(20), '1.2.3', 'f'.repeat(64)),
  ...{ kind: 'instance', aeTitle: 'PAIR', processor: 'pair-of-modalities', state: 'PENDING' },
  ...{ createdAt: 1000, dueAt: 1000, attempts: 5 },
  instance: {
    ...{ keyId: 'a'.repeat(20), sopInstanceUid: '1.2.3', sha256: 'f'.repeat(64) },
    studyInstanceUid: '1.2',
  },
};

describe('an AE title with a processor of the site', { timeout: 30_000 }, () => {
  it('is set with its settings, and shows them', async () => {
    const set = await api.call('PUT', '/ae-titles/PAIR', {
      processor: 'pair-of-modalities',
      settings: { quiet: 5, modalities: ['CT', 'PT'] },
    });
    const shown = await api.call('GET', '/ae-titles/PAIR');

    expect(set.status).toBe(200);
    expect(shown.json).toMatchObject({
      processor: 'pair-of-modalities',
      settings: { quiet: 5, modalities: ['CT', 'PT'] },
    });
  });

  it('is refused with every problem at once, and nothing is changed', async () => {
    const refused = await api.call('PUT', '/ae-titles/PAIR2', {
      ...{ processor: 'pair-of-modalities', timeout: -1 },
      settings: { quiet: 0, colour: 'red' },
    });
    const unknown = await api.call('PUT', '/ae-titles/PAIR2', { processor: 'pears' });

    expect(refused).toMatchObject({ status: 400, json: { code: 'invalid-configuration' } });
    for (const text of ['settings.quiet', 'colour', 'timeout'])
      expect(refused.text).toContain(text);
    expect(unknown.text).toContain('ae-title, cache, every-nth-study, pair-of-modalities');
    expect((await api.call('GET', '/ae-titles/PAIR2')).status).toBe(404);
  });

  it('is not set when its function cannot be asked', async () => {
    const { check } = siteProcessors(
      { invoke: () => Promise.reject(new Error('no such function')) },
      'gantry-processors',
    );

    await expect(check({ processor: 'pair-of-modalities', settings: {} })).rejects.toMatchObject({
      code: 'not-ready',
    });
  });
});

describe('a parked delivery', { timeout: 30_000 }, () => {
  it('is a problem of the status, is listed with its reason, and is pending after a retry', async () => {
    await api.context.deliveries.putTimer(delivery);
    await api.context.deliveries.park(delivery, 2000, { type: 'TypeError', message: 'broke' });

    const status = await api.call('GET', '/status');
    const listed = await api.call('GET', '/deliveries?state=PARKED');
    const retried = await api.call('POST', `/deliveries/${delivery.id}/retry`, {});
    const again = await api.call('POST', `/deliveries/${delivery.id}/retry`, {});
    const pending = await api.call('GET', '/deliveries?aeTitle=PAIR');

    expect(status.json).toMatchObject({ parkedDeliveries: 1 });
    expect(status.text).toContain('gantry delivery list --parked');
    expect(listed.json).toMatchObject({
      items: [
        {
          ...{ id: delivery.id, state: 'PARKED', attempts: 5, studyInstanceUid: '1.2' },
          error: { type: 'TypeError', message: 'broke' },
        },
      ],
    });
    expect(retried).toMatchObject({ status: 200, json: { state: 'PENDING', attempts: 0 } });
    expect(again.status).toBe(409);
    expect((pending.json as { items: Delivery[] }).items).toMatchObject([{ state: 'PENDING' }]);
    expect((await api.call('POST', '/deliveries/dx/retry', {})).status).toBe(404);
  });
});
