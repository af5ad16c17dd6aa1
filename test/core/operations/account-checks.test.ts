/** An account against a site's needs: what is enough, what is not and how it is mended, what could not be read. */
import { describe, expect, it } from 'vitest';
import { checkAccount, type Account } from '../../../core/operations/account-checks.ts';

const LAMBDA = { service: 'lambda', code: 'L-B99A9384', name: 'concurrent executions' };

const anAccount = (facts: Partial<Account>): Account => ({
  quota: () => Promise.resolve(1000),
  missingImages: () => Promise.resolve({ images: 1, missing: [] }),
  ...facts,
});

const quota = async (value: number | undefined, needed: number) => {
  const account = anAccount({ quota: () => Promise.resolve(value) });
  const [check] = await checkAccount(account, { quotas: [{ ...LAMBDA, needed }], families: [] });
  return check;
};

const images = async (missingImages: Account['missingImages']) => {
  const needs = { quotas: [], families: ['gantry-listener'] };
  const [check] = await checkAccount(anAccount({ missingImages }), needs);
  return check;
};

describe('the check of an account', () => {
  it('is content with a quota of just what the site may use', async () => {
    expect(await quota(100, 100)).toEqual({
      check: 'quota concurrent executions',
      ok: true,
      says: '100, and the site may use 100 at a time',
    });
  });

  it('tells a smaller quota with the command that asks for more', async () => {
    expect(await quota(10, 100)).toMatchObject({
      ok: false,
      says: expect.stringContaining(
        'request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value 100',
      ) as string,
    });
  });

  it('does not take a quota that is not there for one that is large enough', async () => {
    expect(await quota(undefined, 1)).toMatchObject({ ok: false });
  });

  it('names the images that are not in their repository', async () => {
    expect(await images(() => Promise.resolve({ images: 2, missing: ['a:1'] }))).toEqual({
      check: 'images of gantry-listener',
      ok: false,
      says: 'not in its repository: a:1; deploy again',
    });
    expect(await images(() => Promise.resolve({ images: 2, missing: [] }))).toMatchObject({
      ok: true,
    });
  });

  it('says what could not be read, and goes on with the others', async () => {
    const account = anAccount({ quota: () => Promise.reject(new Error('not allowed')) });

    const checks = await checkAccount(account, {
      quotas: [{ ...LAMBDA, needed: 1 }],
      families: ['gantry-listener'],
    });

    expect(checks.map(({ ok }) => ok)).toEqual([false, true]);
    expect(checks[0]?.says).toContain('not allowed');
  });
});
