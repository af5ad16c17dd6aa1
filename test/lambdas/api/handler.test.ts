import { expect, it } from 'vitest';
import type { ApiContext } from '../../../lambdas/api/context.ts';
import { makeHandler } from '../../../lambdas/api/handler.ts';

it('what nobody foresaw is answered as such, and logged without what the error says', async () => {
  const told: unknown[] = [];
  const context = {
    logger: { error: (...facts: unknown[]) => told.push(facts) },
    configuration: { aeTitles: { list: () => Promise.reject(new TypeError('of DOE^JANE')) } },
  } as unknown as ApiContext;

  const answer = await makeHandler(() => Promise.resolve(context))({
    rawPath: '/api/v1/health',
    requestContext: { http: { method: 'GET' } },
  });

  expect(answer).toMatchObject({
    statusCode: 500,
    headers: { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' },
  });
  expect(told).toMatchObject([['request failed', { error: 'TypeError' }]]);
  expect(JSON.stringify([told, answer])).not.toContain('DOE');
});
