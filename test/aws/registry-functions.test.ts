/** How the function of a service version is made: with what it may use, and where its callbacks' prints go. */
import { CreateFunctionCommand, GetFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, it } from 'vitest';
import { registryFunctions } from '../../aws/registry-functions.ts';

it('a registry function writes into the log group of the deployment, with the role of all registry functions', async () => {
  const calls = mockClient(LambdaClient);
  calls.on(GetFunctionCommand).resolves({ Configuration: { State: 'Active' } });

  await registryFunctions(new LambdaClient({}), {
    bucket: 'bucket',
    layerArn: 'layer',
    roleArn: 'role',
    logGroup: '/gantry/registry',
    architecture: 'arm64',
  }).ensure('gantry-registry-one', 'services/one.zip', 'one 1.0.0');

  expect(calls.commandCalls(CreateFunctionCommand)[0]?.args[0].input).toMatchObject({
    FunctionName: 'gantry-registry-one',
    Role: 'role',
    LoggingConfig: { LogGroup: '/gantry/registry' },
  });
});
