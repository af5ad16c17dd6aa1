/** Images built from this repository: what a container's program is bundled from is its context. */
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import type { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { IgnoreMode } from 'aws-cdk-lib';

const REPOSITORY = new URL('../..', import.meta.url).pathname;

type Program = 'listener-container' | 'worker-container';

/** What an image of the program is built from. */
export const repositoryImageSource = (container: Program) => ({
  directory: REPOSITORY,
  file: `${container}/Dockerfile`,
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

/** `container` is the folder at the root of the repository that has the program and its Dockerfile. */
export const repositoryImage = (container: Program, platform: Platform): ContainerImage => {
  const { directory, ...source } = repositoryImageSource(container);
  return ContainerImage.fromAsset(directory, { ...source, platform });
};
