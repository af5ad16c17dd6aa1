/** Runs the registry function in a real Python on a package written for the test. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { RegistryAnswer, type RegistryRequest } from '../../../core/contracts/messages.ts';
import { pythonForEverybody } from '../../support/python-for-everybody.ts';

const REPOSITORY = new URL('../../..', import.meta.url).pathname;

const python = (): string => {
  const prepared = join(REPOSITORY, '.gantry/tools/worker/bin/python');
  return process.env['GANTRY_TEST_PYTHON'] ?? (existsSync(prepared) ? prepared : 'python3');
};

/** As Lambda does it: the layer and the function's own code on the path, one call of the handler. */
const PROGRAM = `
import json, os, sys
sys.path[:0] = [os.environ["TEST_LAYER"], os.environ["TEST_CODE"]]
import gantry_registry
class Context:
    def get_remaining_time_in_millis(self):
        return int(os.environ["TEST_MILLISECONDS"])
answer = gantry_registry.handler(json.load(sys.stdin), Context())
json.dump(answer, sys.stdout, allow_nan=False)
`;

export interface RegistryCall {
  /** The text of the package's \`__init__.py\`, and of other files beside it. */
  readonly code: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly request?: Partial<RegistryRequest>;
  /** What is left of the function's own time. */
  readonly milliseconds?: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** With a Python, code and layer that every user can read; else Python may be in somebody's home. */
  readonly forEverybody?: boolean;
}

export const anObject = (
  objectId: string,
  facts: Partial<RegistryRequest['objects'][number]> = {},
) => ({
  objectId,
  headers: { _id: objectId },
  params: {},
  addedParams: {},
  ...facts,
});

export const callRegistry = async ({
  code,
  files = {},
  request = {},
  milliseconds = 60_000,
  environment = {},
  forEverybody = false,
}: RegistryCall) => {
  const folder = await mkdtemp(join(tmpdir(), 'registry-'));
  try {
    for (const [name, content] of Object.entries({ '__init__.py': code, ...files })) {
      const file = join(folder, 'service_registry', name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
    }
    const layer = join(folder, 'layer');
    await cp(join(REPOSITORY, 'lambdas/registry'), layer, { recursive: true });
    if (forEverybody) await chmod(folder, 0o755);
    const child = spawn(forEverybody ? pythonForEverybody() : python(), ['-c', PROGRAM], {
      env: {
        ...process.env,
        ...environment,
        PYTHONDONTWRITEBYTECODE: '1',
        TEST_LAYER: layer,
        TEST_CODE: folder,
        TEST_MILLISECONDS: String(milliseconds),
      },
    });
    child.stdin.end(
      JSON.stringify({
        sessionId: 's1',
        jobName: 'job',
        registryEntry: 'callback',
        timeoutSeconds: 5,
        objects: [anObject('a')],
        ...request,
      } satisfies RegistryRequest),
    );
    const [answer, log] = await Promise.all([text(child.stdout), text(child.stderr)]);
    if (answer === '') throw new Error(`the registry function failed: ${log}`);
    return { ...RegistryAnswer.parse(JSON.parse(answer)), log };
  } finally {
    await rm(folder, { recursive: true });
  }
};

/** A package whose callback returns the value of a Python expression, in which all its arguments can be used. */
export const returning = (expression: string): string =>
  `def callback(session_id, job_name, headers, added_params, params):\n    return ${expression}\n`;
