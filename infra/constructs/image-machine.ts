/**
 * The state machine `image`: makes the image of one docker worker's version. However the build ends, Tell says so to
 * `tasks`; what came of it is in the object that the build has left.
 */
import { Stack } from 'aws-cdk-lib';
import type { IProject } from 'aws-cdk-lib/aws-codebuild';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { resourceNames } from '../../core/contracts/names.ts';
import type { SiteConfig } from '../config.ts';
import { platformStateMachine } from './state-machine.ts';
import { aslExecution, REPORT_RETRY } from './states-language.ts';

const variable = (Name: string, field: string) => ({
  ...{ Name, Value: aslExecution(field), Type: 'PLAINTEXT' },
});

/** The definition in the Amazon States Language, for inputs of the shape ImageInput. */
export const imageMachineDefinition = (targets: {
  readonly projectName: string;
  readonly tasksQueueUrl: string;
}) => ({
  Comment: 'Makes the image of a docker worker: build, tell.',
  QueryLanguage: 'JSONata',
  StartAt: 'Make',
  States: {
    Make: {
      Type: 'Task',
      Resource: 'arn:aws:states:::codebuild:startBuild.sync',
      Arguments: {
        ProjectName: targets.projectName,
        EnvironmentVariablesOverride: [
          variable('PACKAGE_KEY', 'packageKey'),
          variable('RESULT_KEY', 'resultKey'),
          variable('TAG', 'tag'),
          variable('IMAGE', 'image'),
          variable('DOCKERFILE', 'dockerfile'),
          variable('BUILD_ARGUMENTS', 'buildArguments'),
        ],
      },
      Output: { cause: '' },
      Catch: [
        {
          ErrorEquals: ['States.ALL'],
          Output: {
            cause:
              "{% $states.errorOutput.Error & ': ' & $substring($states.errorOutput.Cause, 0, 1000) %}",
          },
          Next: 'Tell',
        },
      ],
      Next: 'Tell',
    },
    Tell: {
      Type: 'Task',
      Resource: 'arn:aws:states:::sqs:sendMessage',
      Arguments: {
        QueueUrl: targets.tasksQueueUrl,
        MessageBody: {
          imageMade: {
            worker: aslExecution('worker'),
            hash: aslExecution('hash'),
            build: '{% $states.context.Execution.Name %}',
            cause: '{% $states.input.cause %}',
          },
        },
      },
      Retry: REPORT_RETRY,
      Output: {},
      End: true,
    },
  },
});

export const imageMachine = (
  scope: Construct,
  {
    config,
    project,
    tasksQueue,
  }: { readonly config: SiteConfig; readonly project: IProject; readonly tasksQueue: IQueue },
): void => {
  const machine = platformStateMachine(scope, 'ImageMachine', {
    config,
    stateMachineName: resourceNames(config.deployment).imageMachine,
    logName: 'image-executions',
    definition: imageMachineDefinition({
      projectName: project.projectName,
      tasksQueueUrl: tasksQueue.queueUrl,
    }),
  });
  tasksQueue.grantSendMessages(machine);
  machine.addToRolePolicy(
    new PolicyStatement({
      actions: ['codebuild:StartBuild', 'codebuild:StopBuild', 'codebuild:BatchGetBuilds'],
      resources: [project.projectArn],
    }),
  );
  machine.addToRolePolicy(
    new PolicyStatement({
      // How Step Functions hears of a build's end.
      actions: ['events:PutTargets', 'events:PutRule', 'events:DescribeRule'],
      resources: [
        Stack.of(scope).formatArn({
          service: 'events',
          resource: 'rule',
          resourceName: 'StepFunctionsGetEventForCodeBuildStartBuildRule',
        }),
      ],
    }),
  );
};
