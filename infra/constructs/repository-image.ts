/** Images built from this repository: what a container's program is bundled from is its context. */
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import type { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { IgnoreMode } from 'aws-cdk-lib';

const REPOSITORY = new URL('../..', import.meta.url).pathname;

/** `container` is the folder at the root of the repository that has the program and its Dockerfile. */
export const repositoryImage = (
  container: 'listener-container' | 'worker-container',
  platform: Platform,
): ContainerImage =>
  ContainerImage.fromAsset(REPOSITORY, {
    file: `${container}/Dockerfile`,
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
      `!${container}`,
      '**/__pycache__',
    ],
  });
