/**
 * Registry functions: one Lambda for each service version, with a fixed role, layer and time limit. On AWS they are
 * in the site's VPC, under a security group that lets nothing out; Lambda makes them wait for its interfaces there.
 */
import {
  CreateFunctionCommand,
  ResourceConflictException,
  waitUntilFunctionActiveV2,
  type Architecture,
  type LambdaClient,
} from '@aws-sdk/client-lambda';
import type { Functions } from '../core/contracts/ports.ts';
import { lambdaFunctions } from './functions.ts';

export interface RegistryRuntime {
  readonly bucket: string;
  /** Holds the handler `gantry_registry.handler` and the libraries that callbacks may import. */
  readonly layerArn: string;
  readonly roleArn: string;
  /** One of the deployment's own: Lambda's would be kept for ever, under no key of the site. */
  readonly logGroup: string;
  /** That of the libraries in the layer. */
  readonly architecture: Architecture;
  /** Undefined in the embedded cloud, which has no VPC. */
  readonly network?: {
    readonly subnets: readonly string[];
    /** Without any rule: nothing goes out, nothing comes in. */
    readonly securityGroup: string;
  };
}

const TIMEOUT_SECONDS = 300;
const MEMORY_MIB = 512;
/** Lambda's own limit for a function's description. */
const MAX_DESCRIPTION = 256;
/** Below the time that an HTTP API gives its function. */
const WAIT_SECONDS = 20;
/** The first function of a VPC, or one that was idle for two weeks, has to wait for interfaces: a minute and a half or so. */
const WAKE_SECONDS = 180;

const untilActive = async (
  client: LambdaClient,
  functionName: string,
  seconds: number,
): Promise<void> => {
  await waitUntilFunctionActiveV2(
    { client, maxWaitTime: seconds, minDelay: 0.2, maxDelay: 2 },
    { FunctionName: functionName },
  );
};

const timedOut = (error: unknown): boolean =>
  error instanceof Error && error.name === 'TimeoutError';

export const registryFunctions = (client: LambdaClient, runtime: RegistryRuntime) => ({
  ensure: async (functionName: string, codeKey: string, description: string): Promise<void> => {
    try {
      await client.send(
        new CreateFunctionCommand({
          FunctionName: functionName,
          Description: description.slice(0, MAX_DESCRIPTION),
          Runtime: 'python3.13',
          Architectures: [runtime.architecture],
          Handler: 'gantry_registry.handler',
          Code: { S3Bucket: runtime.bucket, S3Key: codeKey },
          Layers: [runtime.layerArn],
          Role: runtime.roleArn,
          LoggingConfig: { LogGroup: runtime.logGroup },
          Timeout: TIMEOUT_SECONDS,
          MemorySize: MEMORY_MIB,
          ...(runtime.network === undefined
            ? {}
            : {
                VpcConfig: {
                  SubnetIds: [...runtime.network.subnets],
                  SecurityGroupIds: [runtime.network.securityGroup],
                },
              }),
        }),
      );
    } catch (error) {
      // Names are made of the content's hash: what is there is this very version.
      if (!(error instanceof ResourceConflictException)) throw error;
    }
    try {
      await untilActive(client, functionName, WAIT_SECONDS);
    } catch (error) {
      // Its interfaces take longer than a request may: whoever calls it first waits for the rest.
      if (runtime.network === undefined || !timedOut(error)) throw error;
    }
  },
});

/**
 * Calls of registry functions. One that is not active yet, or was put to sleep by Lambda, is waited for (three minutes)
 * and called again; throws what {@link lambdaFunctions} throws, and the waiter's error for one that does not come.
 */
export const registryCalls = (client: LambdaClient): Functions => {
  const functions = lambdaFunctions(client);
  return {
    invoke: async (functionName, payload) => {
      try {
        return await functions.invoke(functionName, payload);
      } catch (error) {
        // The refused call is what wakes it.
        if (!(error instanceof ResourceConflictException)) throw error;
      }
      await untilActive(client, functionName, WAKE_SECONDS);
      return functions.invoke(functionName, payload);
    },
  };
};
