/** A LocalStack that runs already is looked at before anything is deployed into it. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { checkVariables, localStackVariables } from '../../local/localstack-settings.ts';

let server: Server | undefined;

/** Answers as the plugins do, with the variables that LocalStack was started with. */
const localStackWith = async (
  variables: (port: number) => Record<string, string | undefined>,
): Promise<number> => {
  const listening = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://127.0.0.1');
    const { port } = listening.address() as AddressInfo;
    const all = variables(port);
    if (url.pathname !== '/_gantry/settings' || Object.keys(all).length === 0) {
      response.writeHead(404).end();
      return;
    }
    const asked = url.searchParams.getAll('name').map((name) => [name, all[name] ?? null]);
    response.end(JSON.stringify(Object.fromEntries(asked)));
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return (listening.address() as AddressInfo).port;
};

afterEach(() => {
  server?.close();
  server?.closeAllConnections();
});

describe('a LocalStack that runs already', () => {
  it('can be used when it was started with the plugins and their variables', async () => {
    const port = await localStackWith(localStackVariables);

    await expect(checkVariables(port)).resolves.toBeUndefined();
  });

  it('without the plugins is refused, with how to start one', async () => {
    const port = await localStackWith(() => ({}));

    await expect(checkVariables(port)).rejects.toThrow(
      /started without the plugins of Gantry[^]*PYTHONPATH=.*\/local\/localstack\n/,
    );
  });

  it('with other variables is refused, with all of them', async () => {
    const port = await localStackWith((own) => ({
      ...localStackVariables(own),
      SQS_ENDPOINT_STRATEGY: undefined,
      LAMBDA_RUNTIME_EXECUTOR: 'docker',
    }));

    await expect(checkVariables(port)).rejects.toThrow(
      'cannot be used: SQS_ENDPOINT_STRATEGY is not set, LAMBDA_RUNTIME_EXECUTOR is docker.',
    );
  });
});
