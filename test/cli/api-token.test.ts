/** The real command line before an API that asks who calls. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram, type ProgramOutcome } from '../support/program.ts';

const CLI = join(import.meta.dirname, '..', '..', 'cli', 'gantry.mjs');

let server: Server;
let url: string;

beforeAll(async () => {
  server = createServer((request, answer) => {
    const known = request.headers.authorization === 'Bearer good';
    // As an HTTP API answers before it asks its authorizer's function.
    answer
      .writeHead(known ? 200 : 401, { 'content-type': 'application/json' })
      .end(JSON.stringify(known ? { items: [], next: null } : { message: 'Unauthorized' }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.close();
});

const list = (
  environment: Readonly<Record<string, string>>,
  ...options: readonly string[]
): Promise<ProgramOutcome> =>
  runProgram(process.execPath, [CLI, ...options, 'ae-title', 'list', '--json'], {
    GANTRY_API: url,
    ...environment,
  });

describe('gantry before an API that asks for a token', () => {
  it('sends that of the environment, or that of the option instead', async () => {
    expect(await list({ GANTRY_API_TOKEN: 'good\n' })).toMatchObject({ code: 0, stdout: '[]\n' });
    expect(await list({ GANTRY_API_TOKEN: 'old' }, '--token', 'good')).toMatchObject({ code: 0 });
  });

  it('says what to do when there is none, or an old one', async () => {
    for (const environment of [{}, { GANTRY_API_TOKEN: 'old' }]) {
      const { code, stderr } = await list(environment);

      expect(code).toBe(1);
      expect(stderr).toMatch(/answered 401 .*\n.*GANTRY_API_TOKEN/);
    }
  });

  it('keeps a token from everybody who listens on the way', async () => {
    const { code, stderr } = await list({
      GANTRY_API: 'http://gantry.example',
      GANTRY_API_TOKEN: 'good',
    });

    expect(code).toBe(2);
    expect(stderr).toMatch(/over https only/);
  });
});
