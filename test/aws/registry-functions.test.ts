/** How the function of a service version is made: with what it may use, and where its callbacks' prints go. */
import {
  CreateFunctionCommand,
  GetFunctionCommand,
  InvokeCommand,
  LambdaClient,
  ResourceConflictException,
} from '@aws-sdk/client-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, it, onTestFinished, vi } from 'vitest';
import {
  registryCalls,
  registryFunctions,
  type RegistryRuntime,
} from '../../aws/registry-functions.ts';

const RUNTIME: RegistryRuntime = {
  bucket: 'bucket',
  layerArn: 'layer',
  roleArn: 'role',
  logGroup: '/gantry/registry',
  architecture: 'arm64',
};

it('a registry function writes into the log group of the deployment, with the role of all registry functions, in the network that lets nothing out', async () => {
  const calls = mockClient(LambdaClient);
  calls.on(GetFunctionCommand).resolves({ Configuration: { State: 'Active' } });

  await registryFunctions(new LambdaClient({}), {
    ...RUNTIME,
    network: { subnets: ['subnet-one', 'subnet-two'], securityGroup: 'sg-closed' },
  }).ensure('gantry-registry-one', 'services/one.zip', 'one 1.0.0');

  expect(calls.commandCalls(CreateFunctionCommand)[0]?.args[0].input).toMatchObject({
    FunctionName: 'gantry-registry-one',
    Role: 'role',
    LoggingConfig: { LogGroup: '/gantry/registry' },
    VpcConfig: { SubnetIds: ['subnet-one', 'subnet-two'], SecurityGroupIds: ['sg-closed'] },
  });
});

it('an installation ends while Lambda makes interfaces for the function, and fails where there are none to make', async () => {
  vi.useFakeTimers();
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const calls = mockClient(LambdaClient);
  calls.on(GetFunctionCommand).resolves({ Configuration: { State: 'Pending' } });
  const network = { subnets: ['subnet-one'], securityGroup: 'sg-closed' };
  const outcomes = Promise.allSettled(
    [RUNTIME, { ...RUNTIME, network }].map((runtime) =>
      registryFunctions(new LambdaClient({}), runtime).ensure('gantry-registry-one', 'key', 'one'),
    ),
  );

  await vi.advanceTimersByTimeAsync(60_000);

  expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
});

it('a registry function that Lambda has put to sleep is waited for, and called again', async () => {
  const calls = mockClient(LambdaClient);
  const asleep = new ResourceConflictException({ message: 'Inactive', $metadata: {} });
  calls.on(InvokeCommand).rejectsOnce(asleep).resolves({});
  calls
    .on(GetFunctionCommand)
    .resolvesOnce({ Configuration: { State: 'Inactive' } })
    .resolvesOnce({ Configuration: { State: 'Pending' } })
    .resolves({ Configuration: { State: 'Active' } });

  const answer = await registryCalls(new LambdaClient({})).invoke('gantry-registry-one', {});

  expect(answer).toBeNull();
  expect(calls.commandCalls(InvokeCommand)).toHaveLength(2);
  expect(calls.commandCalls(GetFunctionCommand)).toHaveLength(3);
});

it('a registry function that is refused for another reason is not called again', async () => {
  const calls = mockClient(LambdaClient);
  calls.on(InvokeCommand).rejects(new Error('no'));

  await expect(
    registryCalls(new LambdaClient({})).invoke('gantry-registry-one', {}),
  ).rejects.toThrow('no');
  expect(calls.commandCalls(InvokeCommand)).toHaveLength(1);
});
