/** What is read of an account: images against the emulator's ECS and ECR; quotas against an endpoint that speaks Service Quotas. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { CreateRepositoryCommand, ECRClient, PutImageCommand } from '@aws-sdk/client-ecr';
import { ECSClient, RegisterTaskDefinitionCommand } from '@aws-sdk/client-ecs';
import { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { awsAccount } from '../../aws/account.ts';
import type { Account } from '../../core/operations/account-checks.ts';
import { EMULATOR_HOOK_MS, startEmulator, type Emulator } from '../support/emulator.ts';

const REGISTRY = '000000000000.dkr.ecr.us-east-1.amazonaws.com';

/** By operation: the codes that it knows. */
const QUOTAS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  GetServiceQuota: { 'L-RAISED': 500 },
  GetAWSDefaultServiceQuota: { 'L-RAISED': 10, 'L-UNTOUCHED': 20 },
};

let emulator: Emulator;
let quotas: Server;
let ecs: ECSClient;
let ecr: ECRClient;
let account: Account;

const serveQuotas = (): Server =>
  createServer((request, response) => {
    void json(request).then((body) => {
      const { QuotaCode } = z.object({ QuotaCode: z.string() }).parse(body);
      const operation = String(request.headers['x-amz-target']).split('.')[1] ?? '';
      const Value = QUOTAS[operation]?.[QuotaCode];
      response.writeHead(Value === undefined ? 400 : 200, {
        'content-type': 'application/x-amz-json-1.1',
      });
      response.end(
        JSON.stringify(
          Value === undefined
            ? { __type: 'NoSuchResourceException', message: 'no such quota' }
            : { Quota: { QuotaCode, Value } },
        ),
      );
    });
  });

beforeAll(async () => {
  emulator = await startEmulator();
  quotas = serveQuotas().listen(0, '127.0.0.1');
  await once(quotas, 'listening');
  const { port } = quotas.address() as AddressInfo;
  ecs = new ECSClient(emulator.connection);
  ecr = new ECRClient(emulator.connection);
  const endpoint = `http://127.0.0.1:${port}`;
  account = awsAccount(new ServiceQuotasClient({ ...emulator.connection, endpoint }), ecs, ecr);
}, EMULATOR_HOOK_MS);

afterAll(async () => {
  quotas.close();
  await emulator.stop();
});

describe('a quota', () => {
  it('is the applied one, else AWS’s default, else none', async () => {
    expect(await account.quota('lambda', 'L-RAISED')).toBe(500);
    expect(await account.quota('lambda', 'L-UNTOUCHED')).toBe(20);
    expect(await account.quota('lambda', 'L-NOWHERE')).toBeUndefined();
  });
});

describe('the images of a family', () => {
  it('are those of its latest task definition; what the account’s registry lacks is missing', async () => {
    await ecr.send(new CreateRepositoryCommand({ repositoryName: 'assets' }));
    await ecr.send(
      new PutImageCommand({
        repositoryName: 'assets',
        imageTag: 'there',
        imageManifest: JSON.stringify({ schemaVersion: 2 }),
      }),
    );
    const images = [
      `${REGISTRY}/assets:there`,
      `${REGISTRY}/assets:gone`,
      `${REGISTRY}/never-made:there`,
      'public.ecr.aws/docker/library/python:3.13',
    ];
    await ecs.send(
      new RegisterTaskDefinitionCommand({
        family: 'gantry-listener',
        containerDefinitions: images.map((image, index) => ({ name: `c${index}`, image })),
      }),
    );

    expect(await account.missingImages('gantry-listener')).toEqual({
      images: 4,
      missing: [images[1], images[2]],
    });
  });

  it('cannot be read of a family that is not there', async () => {
    await expect(account.missingImages('gantry-nobody')).rejects.toThrow();
  });
});
