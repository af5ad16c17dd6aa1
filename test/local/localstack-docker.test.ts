/** The command line that starts LocalStack's image. No container engine is asked for here: see CONTRIBUTING.md. */
import { describe, expect, it } from 'vitest';
import { dockerArguments } from '../../local/localstack-docker.ts';
import { REPOSITORY } from '../../local/settings.ts';

const command = dockerArguments({
  port: 4567,
  dataDirectory: '/data',
  temporary: '/data/tmp',
  user: { uid: 1000, gid: 100 },
});

const valuesOf = (option: string): string[] =>
  command.flatMap((word, at) => (word === option ? [command[at + 1] ?? ''] : []));

describe('LocalStack in its Docker image', () => {
  it('is the release whose requirements are checked in, and its container goes when it ends', () => {
    expect(command.slice(0, 4)).toEqual(['run', '--rm', '--name', 'gantry-localstack-4567']);
    expect(command.at(-1)).toBe('localstack/localstack:4.9.2');
  });

  it('shares network and process numbers with this computer, and answers at the port of the loopback address', () => {
    expect([...valuesOf('--network'), ...valuesOf('--pid')]).toEqual(['host', 'host']);
    expect(valuesOf('--env')).toEqual(
      expect.arrayContaining(['GATEWAY_LISTEN=127.0.0.1:4567', 'LOCALSTACK_HOST=127.0.0.1:4567']),
    );
  });

  it('finds the plugins, the data folder and this computer’s root, in which it starts processes as the user', () => {
    expect(valuesOf('--volume')).toEqual([
      '/:/gantry-root',
      '/data:/data',
      `${REPOSITORY}/local:${REPOSITORY}/local:ro`,
    ]);
    expect(valuesOf('--env')).toEqual(
      expect.arrayContaining([
        `PYTHONPATH=${REPOSITORY}/local/localstack`,
        'LAMBDA_RUNTIME_EXECUTOR=process',
        'TMPDIR=/data/tmp',
        'GANTRY_CHROOT=/gantry-root',
        'GANTRY_CHROOT_USER=1000:100',
      ]),
    );
  });
});
