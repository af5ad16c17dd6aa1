/** Signing in to the console: a real browser, the console's files, a provider of our own, and an API that asks for tokens. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { makeHandler, type ConsoleAsset } from '../../lambdas/console/handler.ts';
import { openBrowser, openPage } from '../support/browser.ts';
import { startProvider, type StandInProvider } from '../support/stand-in-provider.ts';

const { apiUrl } = inject('gantry');

let browser: Browser;
let provider: StandInProvider;
let site: Server;
let address: string;
/** Requests of the API that came without a token that was good. */
let refused = 0;

const asset = async (path: string): Promise<string> => (await fetch(`${apiUrl}${path}`)).text();

const assets = async (): Promise<Record<ConsoleAsset, string>> => ({
  'index.html': await asset('/'),
  'console.js': await asset('/console/console.js'),
  'console.css': await asset('/console/console.css'),
  'icon.svg': await asset('/console/icon.svg'),
});

/** As an authoriser before the API: who has no good token does not reach it. */
const askApi = async ({ url = '', headers }: IncomingMessage, answer: ServerResponse) => {
  const token = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? '';
  if (!provider.good.has(token)) {
    refused += 1;
    answer.writeHead(401, { 'content-type': 'application/json' }).end('{"message":"Unauthorized"}');
    return;
  }
  const response = await fetch(`${apiUrl}${url}`);
  answer.writeHead(response.status, { 'content-type': 'application/json' });
  answer.end(await response.text());
};

beforeAll(async () => {
  browser = await openBrowser();
  site = createServer().listen(0, '127.0.0.1');
  await once(site, 'listening');
  address = `http://127.0.0.1:${(site.address() as AddressInfo).port}/`;
  provider = await startProvider('console', address);
  const handler = makeHandler(await assets(), {
    signIn: {
      authorizationEndpoint: `${provider.issuer}/authorize`,
      tokenEndpoint: `${provider.issuer}/token`,
      clientId: 'console',
      scope: 'openid',
    },
  });
  site.on('request', (request: IncomingMessage, answer: ServerResponse) => {
    const { pathname } = new URL(request.url ?? '', address);
    if (pathname.startsWith('/api/')) void askApi(request, answer);
    else {
      void handler({ rawPath: pathname }).then(({ statusCode, headers, body }) => {
        answer.writeHead(statusCode, headers).end(body);
      });
    }
  });
});
afterAll(async () => {
  await browser.close();
  provider.close();
  site.closeAllConnections();
  site.close();
});
beforeEach(() => {
  provider.good.clear();
  provider.refusal = undefined;
  refused = 0;
});

const isSignedIn = async (page: Page): Promise<void> => {
  await page.getByRole('heading', { name: 'At a glance' }).waitFor();
};

describe('somebody who opens the console of a site that asks for tokens', () => {
  it('signs in first, comes back to the page that was asked for, and leaves no token behind', async () => {
    const { page, complaints } = await openPage(browser);

    await page.goto(`${address}#/search/nobody`, { waitUntil: 'commit' });
    await page.getByText('Nothing was received of').waitFor();
    const kept = await page.evaluate('JSON.stringify([{...localStorage}, {...sessionStorage}])');

    expect(page.url()).toBe(`${address}#/search/nobody`);
    expect(provider.good.size).toBe(1);
    expect(refused).toBe(0);
    expect(kept).toBe('[{},{}]');
    expect(complaints).toEqual([]);
  });

  it('is told when the sign-in has ended, and signs in again to the same page', async () => {
    const { page } = await openPage(browser);
    await page.goto(`${address}#/now`, { waitUntil: 'commit' });
    await isSignedIn(page);

    provider.good.clear();
    const said = await page.getByRole('alert').innerText();
    await page.getByRole('button', { name: 'Sign in again' }).click();
    await page.getByRole('alert').waitFor({ state: 'detached' });
    await isSignedIn(page);

    expect(said).toContain('Your sign-in has ended.');
    expect(page.url()).toBe(`${address}#/now`);
  });

  it('is told what the provider said if that is no, and may try again', async () => {
    const { page } = await openPage(browser);
    provider.refusal = 'access_denied';

    await page.goto(address, { waitUntil: 'commit' });
    await page.getByText('The identity provider said no: access_denied.').waitFor();
    provider.refusal = undefined;
    await page.getByRole('button', { name: 'Sign in' }).click();
    await isSignedIn(page);

    expect(provider.good.size).toBe(1);
  });

  it('is not signed in by a code that somebody else’s link brought', async () => {
    const { page } = await openPage(browser);

    await page.goto(`${address}?code=theirs&state=theirs`);
    await page.getByText('belongs to no sign-in of this tab').waitFor();

    expect(page.url()).toBe(address);
    expect(provider.good.size).toBe(0);
  });
});
