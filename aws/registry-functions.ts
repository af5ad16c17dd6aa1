/** Registry functions: one Lambda for each service version, with a fixed role, layer and time limit. */
import {
  CreateFunctionCommand,
  ResourceConflictException,
  waitUntilFunctionActiveV2,
  type Architecture,
  type LambdaClient,
} from '@aws-sdk/client-lambda';

export interface RegistryRuntime {
  readonly bucket: string;
  /** Holds the handler `gantry_registry.handler` and the libraries that callbacks may import. */
  readonly layerArn: string;
  readonly roleArn: string;
  /** One of the deployment's own: Lambda's would be kept for ever, under no key of the site. */
  readonly logGroup: string;
  /** That of the libraries in the layer. */
  readonly architecture: Architecture;
}

const TIMEOUT_SECONDS = 300;
const MEMORY_MIB = 512;
/** Lambda's own limit for a function's description. */
const MAX_DESCRIPTION = 256;
/** Below the time that an HTTP API gives its function. */
const WAIT_SECONDS = 20;

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
        }),
      );
    } catch (error) {
      // Names are made of the content's hash: what is there is this very version.
      if (!(error instanceof ResourceConflictException)) throw error;
    }
    await waitUntilFunctionActiveV2(
      { client, maxWaitTime: WAIT_SECONDS, minDelay: 0.2, maxDelay: 2 },
      { FunctionName: functionName },
    );
  },
});
