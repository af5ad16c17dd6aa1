/**
 * What the tasks of docker workers have in common: the image of `fetch` and `report`, the role with which ECS pulls
 * images and writes logs, the log group. Their task definitions are registered when a worker's version is first
 * needed, and have no task role.
 */
import { Stack } from 'aws-cdk-lib';
import { DockerImageAsset, Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { PolicyStatement, Role, ServicePrincipal, type IRole } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { ENV, resourceNames } from '../../core/contracts/names.ts';
import type { SiteConfig } from '../config.ts';
import { programLogs } from './logging.ts';
import { repositoryImageSource } from './repository-image.ts';

/** In the embedded cloud an image is a name for a local command: see local/. */
const EMBEDDED_TASK_IMAGE = 'gantry/docker-task';

export interface DockerTasks {
  /** For the Lambda that registers and starts them. */
  readonly environment: Readonly<Record<string, string>>;
  readonly executionRole: IRole | undefined;
}

export const dockerTasks = (scope: Construct, config: SiteConfig): DockerTasks => {
  if (config.profile === 'embedded') {
    return {
      environment: { [ENV.taskImage]: EMBEDDED_TASK_IMAGE },
      executionRole: undefined,
    };
  }
  // Users' images are for this architecture, and a task has one.
  const image = new DockerImageAsset(scope, 'DockerTaskImage', {
    ...repositoryImageSource('worker-container'),
    platform: Platform.LINUX_AMD64,
  });
  const logs = programLogs(scope, 'DockerTaskLogs', config, 'docker-tasks');
  const executionRole = new Role(scope, 'DockerTaskExecution', {
    roleName: resourceNames(config.deployment).dockerExecutionRole,
    assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com'),
    description:
      'ECS pulls the images of docker workers and writes their logs; no container has it',
  });
  executionRole.addToPolicy(
    new PolicyStatement({ actions: ['ecr:GetAuthorizationToken'], resources: ['*'] }),
  );
  executionRole.addToPolicy(
    new PolicyStatement({
      actions: [
        'ecr:BatchCheckLayerAvailability',
        'ecr:BatchGetImage',
        'ecr:GetDownloadUrlForLayer',
      ],
      // Any image of the account's registry may be a worker's.
      resources: [
        Stack.of(scope).formatArn({ service: 'ecr', resource: 'repository', resourceName: '*' }),
      ],
    }),
  );
  logs.grantWrite(executionRole);
  return {
    environment: {
      [ENV.taskImage]: image.imageUri,
      [ENV.taskExecutionRoleArn]: Stack.of(scope).formatArn({
        service: 'iam',
        region: '',
        resource: 'role',
        resourceName: resourceNames(config.deployment).dockerExecutionRole,
      }),
      [ENV.taskLogGroup]: logs.logGroupName,
    },
    executionRole,
  };
};
