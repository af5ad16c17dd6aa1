/**
 * Where the images of docker workers are, and what makes them at installation: a repository, and a CodeBuild project
 * that builds a worker's package or copies the image that it names. The project is outside the VPC: base images and
 * packages come from the Internet, and nothing of a patient is near.
 */
import { readFileSync } from 'node:fs';
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  BuildSpec,
  ComputeType,
  LinuxBuildImage,
  Project,
  type IProject,
} from 'aws-cdk-lib/aws-codebuild';
import { Repository, TagMutability } from 'aws-cdk-lib/aws-ecr';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { resourceNames } from '../../core/contracts/names.ts';
import type { SiteConfig } from '../config.ts';
import type { DataStack } from '../stacks/data-stack.ts';
import { acknowledge } from './acknowledge.ts';
import { programLogs } from './logging.ts';

const SCRIPT = readFileSync(new URL('../worker-images/make-image.sh', import.meta.url), 'utf8');

/** An image of twenty gigabytes takes half an hour to copy. */
const TIMEOUT = Duration.hours(2);

const buildRole = (
  scope: Construct,
  data: DataStack,
  repository: Repository,
  logs: LogGroup,
): Role => {
  const role = new Role(scope, 'ImageBuildRole', {
    assumedBy: new ServicePrincipal('codebuild.amazonaws.com'),
    description: 'Builds of worker images: packages in, images out',
  });
  logs.grantWrite(role);
  data.access.readNamed(role, 'workers/*');
  data.access.write(role, 'workers/*/images/*');
  role.addToPolicy(
    new PolicyStatement({ actions: ['ecr:GetAuthorizationToken'], resources: ['*'] }),
  );
  const pull = [
    'ecr:BatchCheckLayerAvailability',
    'ecr:BatchGetImage',
    'ecr:GetDownloadUrlForLayer',
  ];
  role.addToPolicy(
    new PolicyStatement({
      actions: pull,
      // A worker may name any image of the account's registry, or build from it.
      resources: [
        Stack.of(scope).formatArn({ service: 'ecr', resource: 'repository', resourceName: '*' }),
      ],
    }),
  );
  role.addToPolicy(
    new PolicyStatement({
      actions: [
        'ecr:CompleteLayerUpload',
        'ecr:InitiateLayerUpload',
        'ecr:PutImage',
        'ecr:UploadLayerPart',
      ],
      resources: [repository.repositoryArn],
    }),
  );
  return role;
};

export const workerImages = (
  scope: Construct,
  { config, data }: { readonly config: SiteConfig; readonly data: DataStack },
): IProject => {
  const names = resourceNames(config.deployment);
  const repository = new Repository(scope, 'WorkerImages', {
    repositoryName: names.workerImageRepository,
    imageScanOnPush: true,
    imageTagMutability: TagMutability.IMMUTABLE,
    // Versions of workers stay for the sessions that were planned with them, and so do their images.
    removalPolicy: RemovalPolicy.RETAIN,
  });
  const logGroup = programLogs(scope, 'ImageBuildLogs', config, 'worker-images');
  const project = new Project(scope, 'ImageBuild', {
    projectName: names.imageProject,
    description: 'Makes the images of docker workers when they are installed',
    // The construct would add a log group that is not used.
    role: buildRole(scope, data, repository, logGroup).withoutPolicyUpdates(),
    grantReportGroupPermissions: false,
    environment: {
      buildImage: LinuxBuildImage.AMAZON_LINUX_2023_5,
      computeType: ComputeType.MEDIUM,
      // Docker needs it; the machine is for one build alone.
      privileged: true,
    },
    environmentVariables: {
      BUCKET: { value: data.bucket.bucketName },
      REPOSITORY: { value: repository.repositoryUri },
    },
    buildSpec: BuildSpec.fromObject({
      version: '0.2',
      env: { shell: 'bash' },
      phases: { build: { commands: [SCRIPT] } },
    }),
    timeout: TIMEOUT,
    logging: {
      cloudWatch: { logGroup },
    },
  });
  acknowledge(project, {
    'AwsSolutions-CB3': 'Docker needs a privileged build; the machine is for one build alone.',
    'HIPAA.Security-CodeBuildProjectSourceRepoUrl':
      'The project has no source but its own script; a package is an object of the bucket.',
    'AwsSolutions-CB4':
      'The project has no artifacts of its own: packages and results are in the bucket, under its key, and images in ECR.',
  });
  return project;
};
