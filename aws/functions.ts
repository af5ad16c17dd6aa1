/** Lambda functions that are called for an answer. */
import {
  InvokeCommand,
  ResourceNotFoundException,
  type LambdaClient,
} from '@aws-sdk/client-lambda';
import type { Functions } from '../core/contracts/ports.ts';

/** The called function threw, ran out of time or of memory; `message` is what Lambda reports of it. */
export class FunctionFailed extends Error {
  override readonly name = 'FunctionFailed';
  readonly functionName: string;
  readonly errorType: string;

  constructor(functionName: string, errorType: string, message: string) {
    super(`${functionName} failed: ${errorType}: ${message}`);
    this.functionName = functionName;
    this.errorType = errorType;
  }
}

/** There is no such function, or it has no such version any more. */
export class FunctionMissing extends Error {
  override readonly name = 'FunctionMissing';
  readonly functionName: string;

  constructor(functionName: string) {
    super(`there is no function ${functionName}`);
    this.functionName = functionName;
  }
}

export const lambdaFunctions = (client: LambdaClient): Functions => ({
  invoke: async (functionName, payload) => {
    const command = new InvokeCommand({
      FunctionName: functionName,
      Payload: JSON.stringify(payload),
    });
    const answer = await client.send(command).catch((error: unknown) => {
      throw error instanceof ResourceNotFoundException ? new FunctionMissing(functionName) : error;
    });
    const body = answer.Payload?.transformToString('utf-8') ?? 'null';
    const value = JSON.parse(body) as unknown;
    if (answer.FunctionError !== undefined) {
      const { errorType = answer.FunctionError, errorMessage = body } = value as {
        errorType?: string;
        errorMessage?: string;
      };
      throw new FunctionFailed(functionName, errorType, errorMessage);
    }
    return value;
  },
});
