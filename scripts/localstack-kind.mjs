/**
 * Which LocalStack the tests use: one that runs already, one that is installed beside the clone (host mode), or
 * Docker's image. Plain JavaScript: it runs before anything is there.
 */
import { spawnSync } from 'node:child_process';
import { isThere } from './system-packages.mjs';

const LOOPBACK = ['127.0.0.1', 'localhost'];

const dockerAnswers = () =>
  spawnSync('docker', ['version', '--format', '{{.Server.Version}}'], { timeout: 10_000 })
    .status === 0;

/** `environment` is for test.ts and the Gantry that it starts; or `problem`, one line. */
export const localStackKind = (endpoint = process.env['AWS_ENDPOINT_URL']) => {
  if (endpoint !== undefined && endpoint !== '') {
    const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
    if (url?.protocol !== 'http:' || !LOOPBACK.includes(url.hostname) || url.port === '') {
      const problem = `AWS_ENDPOINT_URL is ${endpoint}, and not http://127.0.0.1:PORT: the tests use a LocalStack of this computer, which runs processes of this clone`;
      return { problem };
    }
    return {
      environment: { GANTRY_LOCALSTACK: 'running-localstack', GANTRY_AWS_PORT: url.port },
    };
  }
  const byDocker = !(isThere('java') && isThere('mvn')) && dockerAnswers();
  return { environment: { GANTRY_LOCALSTACK: byDocker ? 'docker-localstack' : 'localstack' } };
};
