/** Images built from this repository: the whole tree is the context, less what no image needs. */
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import type { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { IgnoreMode } from 'aws-cdk-lib';

const REPOSITORY = new URL('../..', import.meta.url).pathname;

/** `dockerfile` is relative to the root of the repository. */
export const repositoryImage = (dockerfile: string, platform: Platform): ContainerImage =>
  ContainerImage.fromAsset(REPOSITORY, {
    file: dockerfile,
    platform,
    ignoreMode: IgnoreMode.DOCKER,
    exclude: [
      '*',
      '!package.json',
      '!package-lock.json',
      '!.npmrc',
      '!tsconfig.json',
      '!core',
      '!aws',
      '!listener-container',
      '!worker-container',
      '**/__pycache__',
    ],
  });
