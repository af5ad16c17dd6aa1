import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  SFNClient,
  StartExecutionCommand,
  StateMachineDoesNotExist,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, test } from 'vitest';
import { stepFunctions } from '../../aws/executions.ts';

const MACHINE = 'arn:aws:states:eu-central-1:000000000000:stateMachine:gantry-job';
const EXECUTION = 'arn:aws:states:eu-central-1:000000000000:execution:gantry-job:one-r1';
const refused = { $metadata: {}, message: 'refused' };

test('an execution is found and stopped by its name alone, whichever version of the machine started it', async () => {
  const sfn = mockClient(SFNClient);
  sfn.on(DescribeExecutionCommand).resolves({ status: 'RUNNING' });
  const executions = stepFunctions(new SFNClient({}));

  for (const machine of [MACHINE, `${MACHINE}:7`]) {
    expect(await executions.status(machine, 'one-r1')).toBe('RUNNING');
    await executions.stop(machine, 'one-r1', 'why');
  }

  const looked = sfn.commandCalls(DescribeExecutionCommand);
  const stopped = sfn.commandCalls(StopExecutionCommand);
  expect([...looked, ...stopped].map(({ args: [{ input }] }) => input.executionArn)).toEqual([
    ...[EXECUTION, EXECUTION],
    ...[EXECUTION, EXECUTION],
  ]);
});

test('an execution starts with the version that is named, and with the latest definition if that was deleted', async () => {
  const sfn = mockClient(SFNClient);
  const told: unknown[] = [];
  const executions = stepFunctions(new SFNClient({}), {
    warn: (...facts: unknown[]) => {
      told.push(facts);
    },
  });
  sfn.on(StartExecutionCommand).resolves({});
  sfn
    .on(StartExecutionCommand, { stateMachineArn: `${MACHINE}:1` })
    .rejects(new StateMachineDoesNotExist(refused));

  expect(await executions.start(`${MACHINE}:7`, 'one-r1', {})).toBe('started');
  expect(told).toEqual([]);
  expect(await executions.start(`${MACHINE}:1`, 'two-r1', {})).toBe('started');
  expect(told).toHaveLength(1);

  const started = sfn
    .commandCalls(StartExecutionCommand)
    .map(({ args: [{ input }] }) => input.stateMachineArn);
  expect(started).toEqual([`${MACHINE}:7`, `${MACHINE}:1`, MACHINE]);
});

test('a machine that is not there at all is an error, and a name that is taken is an outcome', async () => {
  const sfn = mockClient(SFNClient);
  const executions = stepFunctions(new SFNClient({}));

  sfn.on(StartExecutionCommand).rejects(new StateMachineDoesNotExist(refused));
  await expect(executions.start(MACHINE, 'one-r1', {})).rejects.toThrow(StateMachineDoesNotExist);
  await expect(executions.start(`${MACHINE}:1`, 'one-r1', {})).rejects.toThrow('refused');
  sfn.on(StartExecutionCommand).rejects(new ExecutionAlreadyExists(refused));
  expect(await executions.start(`${MACHINE}:1`, 'one-r1', {})).toBe('exists');
});
