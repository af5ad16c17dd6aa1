/** Which LocalStack `npm run test:localstack` uses, and what it says of an endpoint that cannot be one. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const scripts = join(import.meta.dirname, '..', '..', 'scripts');

/** What the script finds on a path without Java, Maven and Docker. */
const kind = (endpoint: string): unknown => {
  const program = `import('${scripts}/localstack-kind.mjs').then((m) => console.log(JSON.stringify(m.localStackKind())))`;
  const { stdout } = spawnSync(process.execPath, ['-e', program], {
    env: { PATH: scripts, AWS_ENDPOINT_URL: endpoint },
    encoding: 'utf8',
  });
  return JSON.parse(stdout);
};

describe('npm run test:localstack', () => {
  it('uses the one that AWS_ENDPOINT_URL leads to, by the port of the loopback address', () => {
    const environment = { GANTRY_LOCALSTACK: 'running-localstack', GANTRY_AWS_PORT: '4566' };

    expect(kind('http://127.0.0.1:4566')).toEqual({ environment });
    expect(kind('http://localhost:4566/')).toEqual({ environment });
  });

  it('installs one where there is none, for lack of Docker as well', () => {
    expect(kind('')).toEqual({ environment: { GANTRY_LOCALSTACK: 'localstack' } });
  });

  it.each(['https://127.0.0.1:4566', 'http://elsewhere:4566', 'http://127.0.0.1', '4566'])(
    'refuses %s before anything is installed',
    (endpoint) => {
      expect(kind(endpoint)).toEqual({
        problem: expect.stringContaining(`AWS_ENDPOINT_URL is ${endpoint}, and not`) as string,
      });
    },
  );
});
