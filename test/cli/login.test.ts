/** `gantry login` as a process: a sign-in page, a browser that follows it, and an API that asks for tokens. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { runProgram, type ProgramOutcome } from '../support/program.ts';
import { startProvider, type StandInProvider } from '../support/stand-in-provider.ts';

const CLI = join(import.meta.dirname, '..', '..', 'cli', 'gantry.mjs');

let port: number;
let provider: StandInProvider;
let api: Server;
let environment: Record<string, string>;

beforeAll(async () => {
  port = await freePort();
  provider = await startProvider('people', `http://localhost:${port}/signed-in`);
  api = createServer((request, answer) => {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const isKnown = provider.good.has(token);
    answer
      .writeHead(isKnown ? 200 : 401, { 'content-type': 'application/json' })
      .end(JSON.stringify(isKnown ? { items: [], next: null } : { message: 'Unauthorized' }));
  }).listen(0, '127.0.0.1');
  await once(api, 'listening');
});

afterAll(() => {
  provider.close();
  api.close();
});

beforeEach(() => {
  Object.assign(provider, { life: 3600, refreshes: true, refusal: undefined });
  provider.good.clear();
  environment = {
    GANTRY_API: `http://127.0.0.1:${(api.address() as AddressInfo).port}`,
    GANTRY_API_TOKEN: '',
    XDG_CONFIG_HOME: mkdtempSync(join(tmpdir(), 'gantry-login-')),
  };
});

const FIRST_TIME = () => [
  ...['--issuer', provider.issuer, '--client-id', 'people'],
  ...['--port', String(port)],
];

/** Each starts a few processes. */
const PATIENCE = { timeout: 30_000 };

const gantry = (...args: readonly string[]): Promise<ProgramOutcome> =>
  runProgram(process.execPath, [CLI, ...args], environment);

const list = () => gantry('ae-title', 'list', '--json');

/** Opens the address that it prints, after `change`, as a browser does. */
const login = async (
  options: readonly string[],
  change: (address: URL) => URL = (address) => address,
): Promise<{ code: number; stderr: string; page: string }> => {
  const child = spawn(process.execPath, [CLI, 'login', ...options], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'close');
  const lines: string[] = [];
  let page = '';
  for await (const line of createInterface({ input: child.stderr })) {
    lines.push(line);
    if (!line.startsWith('http')) continue;
    const answer = await fetch(change(new URL(line)));
    page = await answer.text();
    if (!answer.ok) child.kill();
  }
  const [code] = (await ended) as [number | null];
  return { code: code ?? -1, stderr: lines.join('\n'), page };
};

describe('gantry login', PATIENCE, () => {
  it('signs a person in with the sign-in page, for every command that follows', async () => {
    expect((await list()).code).toBe(1);

    const { code, page } = await login(FIRST_TIME());

    expect(code).toBe(0);
    expect(page).toContain('Signed in.');
    expect(await list()).toMatchObject({ code: 0, stdout: '[]\n' });
  });

  it('keeps the tokens where only their owner can read them, each for its own API', async () => {
    await login(FIRST_TIME());

    const file = join(environment['XDG_CONFIG_HOME'] ?? '', 'gantry', 'sign-ins.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(Object.keys(JSON.parse(readFileSync(file, 'utf8')) as object)).toEqual([
      environment['GANTRY_API'],
    ]);
    environment['GANTRY_API'] = `${environment['GANTRY_API'] ?? ''}/elsewhere`;
    expect((await list()).code).toBe(1);
  });

  it('is renewed without anybody, until the provider wants to see the person again', async () => {
    provider.life = 1;
    await login(FIRST_TIME());
    provider.good.clear();
    provider.life = 30;

    expect(await list()).toMatchObject({ code: 0 });
    expect(provider.good.size).toBe(1);

    provider.refreshes = false;
    const { code, stderr } = await list();
    expect(code).toBe(1);
    expect(stderr).toMatch(/not signed in any more\n.*gantry login/);
  });

  it('remembers the provider, also after gantry logout, and the token no longer', async () => {
    await login(FIRST_TIME());

    expect((await gantry('logout')).code).toBe(0);
    const without = await list();
    const again = await login([]);

    expect(without.code).toBe(1);
    expect(without.stderr).toContain('gantry login');
    expect(again.code).toBe(0);
    expect((await list()).code).toBe(0);
  });

  it('gives way to a token that is named', async () => {
    await login(FIRST_TIME());
    environment['GANTRY_API_TOKEN'] = 'old';

    expect((await list()).code).toBe(1);
  });

  it('says so when the page does not let the person in', async () => {
    provider.refusal = 'access_denied';

    const { code, stderr, page } = await login(FIRST_TIME());

    expect(code).toBe(1);
    expect(page).toContain('Not signed in.');
    expect(stderr).toContain('access_denied');
  });

  it('does not listen to an answer that it has not asked for', async () => {
    const { code, page } = await login(FIRST_TIME(), (address) => {
      address.searchParams.set('state', 'guessed');
      return address;
    });

    expect(code).not.toBe(0);
    expect(page).toBe('');
    expect((await list()).code).toBe(1);
  });

  it('takes no code for a challenge that is not its own', async () => {
    const { code, stderr } = await login(FIRST_TIME(), (address) => {
      address.searchParams.set('code_challenge', 'another');
      return address;
    });

    expect(code).toBe(1);
    expect(stderr).toContain('does not let you in');
  });

  it.each([
    ['without a provider', [], 2, '--issuer and --client-id'],
    [
      'at a page that anybody can listen to',
      ['--issuer', 'http://login.example', '--client-id', 'people'],
      ...([2, 'over https only'] as const),
    ],
    [
      'at a provider that is not there',
      ['--issuer', 'http://127.0.0.1:9', '--client-id', 'people'],
      ...([1, 'no answer from 127.0.0.1:9'] as const),
    ],
  ] as const)('is told what to do %s', async (_what, options, expected, message) => {
    const { code, stderr } = await login(options);

    expect(code).toBe(expected);
    expect(stderr).toContain(message);
  });
});
