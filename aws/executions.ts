/** Step Functions as Executions. */
import type { Logger } from '@aws-lambda-powertools/logger';
import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  InvalidToken,
  SendTaskFailureCommand,
  SendTaskSuccessCommand,
  StartExecutionCommand,
  StateMachineDoesNotExist,
  StopExecutionCommand,
  TaskDoesNotExist,
  TaskTimedOut,
  type SFNClient,
} from '@aws-sdk/client-sfn';
import type { Executions } from '../core/contracts/ports.ts';

/** arn:…:stateMachine:NAME:VERSION → arn:…:stateMachine:NAME */
const unqualified = (stateMachineArn: string): string =>
  stateMachineArn.split(':').slice(0, 7).join(':');

/** arn:…:stateMachine:NAME → arn:…:execution:NAME:EXECUTION; that of an execution names no version. */
const executionArn = (stateMachineArn: string, name: string): string =>
  `${unqualified(stateMachineArn).replace(':stateMachine:', ':execution:')}:${name}`;

const isDeadToken = (error: unknown): boolean =>
  error instanceof TaskTimedOut ||
  error instanceof TaskDoesNotExist ||
  error instanceof InvalidToken;

/** Where a version of a machine was deleted, its latest definition takes its place, and `logger` is told. */
export const stepFunctions = (client: SFNClient, logger?: Pick<Logger, 'warn'>): Executions => ({
  start: async function start(stateMachineArn, name, input): Promise<'started' | 'exists'> {
    try {
      await client.send(
        new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }),
      );
      return 'started';
    } catch (error) {
      if (error instanceof ExecutionAlreadyExists) return 'exists';
      const latest = unqualified(stateMachineArn);
      if (!(error instanceof StateMachineDoesNotExist) || latest === stateMachineArn) throw error;
      logger?.warn('a version of a state machine is gone; its latest takes its place', {
        stateMachineArn,
      });
      return start(latest, name, input);
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
