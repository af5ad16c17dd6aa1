/** A Standard state machine with a name of its own, traced, with logs that have no execution data. */
import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  DefinitionBody,
  LogLevel,
  StateMachine,
  StateMachineType,
} from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import type { SiteConfig } from '../config.ts';
import { programLogs } from './logging.ts';

export interface PlatformStateMachineProps {
  readonly config: SiteConfig;
  readonly stateMachineName: string;
  /** What its logs are called below the deployment's name. */
  readonly logName: string;
  /** A definition in the Amazon States Language; CDK tokens may stand in it. */
  readonly definition: object;
}

export const platformStateMachine = (
  scope: Construct,
  id: string,
  { config, stateMachineName, logName, definition }: PlatformStateMachineProps,
): StateMachine =>
  new StateMachine(scope, id, {
    stateMachineName,
    stateMachineType: StateMachineType.STANDARD,
    definitionBody: DefinitionBody.fromString(Stack.of(scope).toJsonString(definition)),
    removalPolicy: RemovalPolicy.DESTROY,
    ...(config.profile !== 'embedded'
      ? {
          logs: {
            destination: programLogs(scope, `${id}Logs`, config, logName),
            level: LogLevel.ALL,
            includeExecutionData: false,
          },
          tracingEnabled: true,
        }
      : {}),
  });
