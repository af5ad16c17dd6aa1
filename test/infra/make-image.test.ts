/** The script that makes images in CodeBuild, run for real with stand-ins for `docker` and `aws` that write down their calls. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { ImageResult } from '../../core/contracts/worker-image.ts';

const SCRIPT = join(import.meta.dirname, '../../infra/worker-images/make-image.sh');
const REGISTRY = '111122223333.dkr.ecr.eu-central-1.amazonaws.com';
const REPOSITORY = `${REGISTRY}/gantry-workers`;
const DIGEST = `sha256:${'0'.repeat(64)}`;

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** Runs the script; `docker` is what the stand-in does with its arguments, in the shell's words. */
const make = async (variables: Record<string, string>, docker = '') => {
  const folder = mkdtempSync(join(tmpdir(), 'make-image-'));
  folders.push(folder);
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const program = (name: string, body: string): void => {
    writeFileSync(
      join(bin, name),
      `#!/bin/bash\nfor a in "$@"; do printf '%s\\0' "$a"; done >> "$CALLS/${name}"; printf '\\n' >> "$CALLS/${name}"\n${body}\n`,
      {
        mode: 0o755,
      },
    );
  };
  program(
    'docker',
    `[ "$1" != login ] || cat > /dev/null
${docker}
if [ "$1" = inspect ]; then echo "docker.io/library/other@sha256:1"; echo "${REPOSITORY}@${DIGEST}"; fi`,
  );
  program(
    'aws',
    `case "$1 $2" in
"ecr get-login-password") echo password;;
"s3 cp") case "$4" in
  s3://*/package.zip) cp "$CALLS/package.zip" "$5";;
  *) cp "$4" "$CALLS/result.json";;
esac;;
esac`,
  );
  mkdirSync(join(folder, 'worker', 'sub'), { recursive: true });
  writeFileSync(join(folder, 'worker', 'sub', 'Dockerfile'), 'FROM scratch\n');
  await promisify(execFile)('python3', [
    ...['-c', 'import shutil,sys; shutil.make_archive(sys.argv[1], "zip", sys.argv[2])'],
    ...[join(folder, 'package'), join(folder, 'worker')],
  ]);
  const exit = await promisify(execFile)('bash', [SCRIPT], {
    env: {
      ...{ PATH: `${bin}:/usr/local/bin:/usr/bin:/bin`, CALLS: folder, TMPDIR: folder },
      ...{ BUCKET: 'bucket', PACKAGE_KEY: 'workers/lung/h/package.zip', REPOSITORY },
      ...{ RESULT_KEY: 'workers/lung/h/images/b.json', TAG: 'b-lung', ...variables },
    },
  }).then(
    () => 0,
    (error: unknown) => (error as { code: number }).code,
  );
  const calls = readFileSync(join(folder, 'docker'), 'utf8')
    .trimEnd()
    .split('\0\n')
    .map((line) => line.split('\0'));
  const result = ImageResult.parse(JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')));
  return { exit, calls, result, first: calls.map(([verb]) => verb) };
};

describe('the making of a worker’s image', () => {
  it('builds the package, with arguments as they are written, and tells the digest of the registry', async () => {
    const awkward = '--build-arg=A=two words; $(touch /tmp/x) "quoted"\n and a line';
    const { exit, calls, result, first } = await make({
      DOCKERFILE: 'sub/Dockerfile',
      BUILD_ARGUMENTS: JSON.stringify([awkward, '--target=slim']),
    });

    expect(first).toEqual(['login', 'build', 'push', 'inspect']);
    expect(calls[1]).toEqual([
      ...['build', '--platform', 'linux/amd64', '--pull', awkward, '--target=slim'],
      ...['--file', 'package/sub/Dockerfile', '--tag', `${REPOSITORY}:b-lung`, 'package'],
    ]);
    expect(result).toEqual({ reference: `${REPOSITORY}@${DIGEST}` });
    expect(exit).toBe(0);
  });

  it('copies an image of elsewhere, so that no job depends on that place', async () => {
    const { calls, result, first } = await make({ IMAGE: 'pytorch/pytorch:2.4.0' });

    expect(first).toEqual(['login', 'pull', 'tag', 'push', 'inspect']);
    expect(calls[2]).toEqual(['tag', 'pytorch/pytorch:2.4.0', `${REPOSITORY}:b-lung`]);
    expect(result).toEqual({ reference: `${REPOSITORY}@${DIGEST}` });
  });

  it('leaves an image of the account’s own registry where it is', async () => {
    const { first } = await make({ IMAGE: `${REGISTRY}/lung:1` });

    expect(first).toEqual(['login', 'pull', 'inspect']);
  });

  it('fails with the last words of docker, and says so in its result and its exit code', async () => {
    const { exit, result, first } = await make(
      { DOCKERFILE: 'sub/Dockerfile' },
      'if [ "$1" = build ]; then seq 1 100; echo "no matching distribution: torhc" >&2; exit 17; fi',
    );

    expect(first).toEqual(['login', 'build']);
    expect(exit).toBe(17);
    expect(result).toEqual({
      error: expect.stringMatching(/^7\d\n[^]*\n100\nno matching distribution: torhc$/) as string,
    });
  });

  it('fails when the registry knows no digest of what was pushed', async () => {
    const { exit, result } = await make(
      { IMAGE: 'python:3' },
      'if [ "$1" = inspect ]; then echo; exit 0; fi',
    );

    expect(exit).not.toBe(0);
    expect(JSON.stringify(result)).toContain('tells no digest');
  });
});
