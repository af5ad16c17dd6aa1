import { describe, expect, it } from 'vitest';
import { makeHandler } from '../../../lambdas/console/handler.ts';

const assets = {
  'index.html': '<!doctype html>',
  'console.js': 'start()',
  'console.css': 'body {}',
  'icon.svg': '<svg/>',
};
const signIn = {
  authorizationEndpoint: 'https://people.hospital.example/authorize',
  tokenEndpoint: 'https://tokens.hospital.example/oauth2/token',
  clientId: 'gantry',
  scope: 'openid',
};
const open = makeHandler(assets, { signIn: null });
const get = (rawPath: string, headers = {}, handler = open) =>
  handler({ version: '2.0', rawPath, headers, requestContext: { http: { method: 'GET' } } });

describe('the console Lambda', () => {
  it.each([
    ['/', 'text/html; charset=utf-8', '<!doctype html>'],
    ['/console/console.js', 'text/javascript; charset=utf-8', 'start()'],
    ['/console/console.css', 'text/css; charset=utf-8', 'body {}'],
    ['/console/icon.svg', 'image/svg+xml', '<svg/>'],
    ['/console/settings.json', 'application/json', '{"signIn":null}'],
  ])('serves %s', async (path, type, body) => {
    const answer = await get(path);

    expect(answer).toMatchObject({ statusCode: 200, body });
    expect(answer.headers['content-type']).toBe(type);
  });

  it.each([
    '/console/index.js',
    '/console/../index.mjs',
    '/console/',
    '/console.js',
    '/etc/passwd',
  ])('has no %s', async (path) => {
    expect(await get(path)).toMatchObject({ statusCode: 404 });
  });

  it('sends a file once, and then only when it has changed', async () => {
    const { etag = '' } = (await get('/console/console.js')).headers;
    const newer = makeHandler({ ...assets, 'console.js': 'startBetter()' }, { signIn: null });
    const asked = { 'if-none-match': etag };

    expect(await get('/console/console.js', asked)).toMatchObject({ statusCode: 304, body: '' });
    expect(await get('/console/console.js', asked, newer)).toMatchObject({ statusCode: 200 });
  });

  it('lets the page run its own script and talk to the API, and nothing else', async () => {
    const { headers } = await get('/');
    const policy = (headers['content-security-policy'] ?? '').split('; ');

    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("connect-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy.join()).not.toContain('unsafe');
    expect(headers['x-content-type-options']).toBe('nosniff');
  });

  it('lets the page fetch its token where the site’s people sign in, and tells it how', async () => {
    const handler = makeHandler(assets, { signIn });

    const page = await get('/', {}, handler);
    const settings = await get('/console/settings.json', {}, handler);

    expect(page.headers['content-security-policy']).toContain(
      "connect-src 'self' https://tokens.hospital.example;",
    );
    expect(JSON.parse(settings.body)).toEqual({ signIn });
  });
});
