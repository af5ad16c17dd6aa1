/**
 * ARNs and URLs of the platform's resources, built from their names. Functions, queues and state machines
 * refer to each other in circles; names have no circles.
 */
import { ArnFormat, type Stack } from 'aws-cdk-lib';
import { resourceNames } from '../../core/contracts/names.ts';

export const platformArns = (stack: Stack, deployment: string) => {
  const names = resourceNames(deployment);
  const colon = (service: string, resource: string, resourceName: string): string =>
    stack.formatArn({
      service,
      resource,
      resourceName,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  const execution = (machine: string): string => colon('states', 'execution', `${machine}:*`);
  return {
    sessionMachine: colon('states', 'stateMachine', names.sessionMachine),
    jobMachine: colon('states', 'stateMachine', names.jobMachine),
    imageMachine: colon('states', 'stateMachine', names.imageMachine),
    sessionExecutions: execution(names.sessionMachine),
    jobExecutions: execution(names.jobMachine),
    /** Functions that the API makes, one for each service version. */
    registryFunctions: colon('lambda', 'function', `${deployment}-registry-*`),
    /** Of one of the platform's functions. */
    versionsOf: (name: string) => colon('lambda', 'function', `${names.function(name)}:*`),
    processorsFunction: colon('lambda', 'function', names.function('processors')),
    workQueues: stack.formatArn({ service: 'sqs', resource: `${deployment}-work-*` }),
    deadLetterQueues: stack.formatArn({
      service: 'sqs',
      resource: names.deadLetterQueue(`${deployment}-*`),
    }),
    cluster: stack.formatArn({
      service: 'ecs',
      resource: 'cluster',
      resourceName: names.cluster,
    }),
    runnerTaskDefinitions: stack.formatArn({
      service: 'ecs',
      resource: 'task-definition',
      resourceName: `${deployment}-runner-*`,
    }),
    dockerTaskDefinitions: stack.formatArn({
      service: 'ecs',
      resource: 'task-definition',
      resourceName: `${deployment}-docker-*`,
    }),
    clusterTasks: stack.formatArn({
      service: 'ecs',
      resource: 'task',
      resourceName: `${names.cluster}/*`,
    }),
  };
};
