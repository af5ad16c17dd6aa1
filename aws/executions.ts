/** Step Functions as Executions. */
import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  InvalidToken,
  SendTaskFailureCommand,
  SendTaskSuccessCommand,
  StartExecutionCommand,
  StopExecutionCommand,
  TaskDoesNotExist,
  TaskTimedOut,
  type SFNClient,
} from '@aws-sdk/client-sfn';
import type { Executions } from '../core/contracts/ports.ts';

/** arn:…:stateMachine:NAME → arn:…:execution:NAME:EXECUTION */
const executionArn = (stateMachineArn: string, name: string): string =>
  `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;

const isDeadToken = (error: unknown): boolean =>
  error instanceof TaskTimedOut ||
  error instanceof TaskDoesNotExist ||
  error instanceof InvalidToken;

export const stepFunctions = (client: SFNClient): Executions => ({
  start: async (stateMachineArn, name, input) => {
    try {
      await client.send(
        new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }),
      );
      return 'started';
    } catch (error) {
      if (error instanceof ExecutionAlreadyExists) return 'exists';
      throw error;
    }
  },
  status: async (stateMachineArn, name) => {
    try {
      const { status } = await client.send(
        new DescribeExecutionCommand({ executionArn: executionArn(stateMachineArn, name) }),
      );
      return status === undefined || status === 'PENDING_REDRIVE' ? 'RUNNING' : status;
    } catch (error) {
      if (error instanceof ExecutionDoesNotExist) return 'ABSENT';
      throw error;
    }
  },
  stop: async (stateMachineArn, name, cause) => {
    try {
      await client.send(
        new StopExecutionCommand({ executionArn: executionArn(stateMachineArn, name), cause }),
      );
    } catch (error) {
      if (!(error instanceof ExecutionDoesNotExist)) throw error;
    }
  },
  succeed: async (token, output) => {
    try {
      await client.send(
        new SendTaskSuccessCommand({ taskToken: token, output: JSON.stringify(output) }),
      );
      return true;
    } catch (error) {
      if (isDeadToken(error)) return false;
      throw error;
    }
  },
  fail: async (token, error, cause) => {
    try {
      await client.send(new SendTaskFailureCommand({ taskToken: token, error, cause }));
      return true;
    } catch (failure) {
      if (isDeadToken(failure)) return false;
      throw failure;
    }
  },
});
