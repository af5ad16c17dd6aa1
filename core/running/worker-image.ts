/** Making the image of a docker worker's version, and what came of it. */
import { objectKeys } from '../contracts/object-keys.ts';
import type { ImageMade } from '../contracts/messages.ts';
import { workerImageTag } from '../contracts/names.ts';
import type { Clock, Executions, ObjectStore } from '../contracts/ports.ts';
import { ImageResult, type ImageInput, type WorkerImage } from '../contracts/worker-image.ts';
import type { WorkerItem } from '../contracts/worker-item.ts';
import { buildArguments } from '../packages/build-arguments.ts';

export interface WorkerImages {
  get(worker: string, hash: string): Promise<WorkerImage | undefined>;
  put(worker: string, hash: string, image: WorkerImage): Promise<void>;
}

/** `build` is the name of the execution. */
export const imageInput = (worker: WorkerItem, hash: string, build: string): ImageInput => ({
  ...{ worker: worker.name, hash, tag: workerImageTag(worker.name, build) },
  packageKey: objectKeys.workerPackage(worker.name, hash),
  resultKey: objectKeys.workerImageResult(worker.name, hash, build),
  image: worker.docker?.build === undefined ? (worker.docker?.image ?? '') : '',
  dockerfile: worker.docker?.build ?? '',
  buildArguments: JSON.stringify(buildArguments(worker.docker?.buildKwargs ?? {})),
});

export interface ImageDependencies {
  readonly images: WorkerImages;
  readonly executions: Pick<Executions, 'start'>;
  readonly imageMachineArn: string;
  readonly clock: Clock;
}

/** Begins to make the version's image; jobs wait for it. */
export const startImage = async (
  { images, executions, imageMachineArn, clock }: ImageDependencies,
  worker: WorkerItem,
  hash: string,
  build: string,
): Promise<void> => {
  await images.put(worker.name, hash, { state: 'BUILDING', at: clock(), build });
  await executions.start(imageMachineArn, build, imageInput(worker, hash, build));
};

/** Written once it is known; of an execution that a later one has replaced, nothing is. */
export const imageMade = async (
  {
    images,
    objects,
    clock,
  }: {
    readonly images: WorkerImages;
    readonly objects: Pick<ObjectStore, 'getJson'>;
    readonly clock: Clock;
  },
  { worker, hash, build, cause }: ImageMade['imageMade'],
): Promise<WorkerImage['state'] | 'superseded'> => {
  const image = await images.get(worker, hash);
  if (image?.build !== build || image.state !== 'BUILDING') return 'superseded';
  const read = await objects
    .getJson(objectKeys.workerImageResult(worker, hash, build))
    .then((json) => ImageResult.safeParse(json))
    .catch((error: unknown) => {
      // A build that could not begin leaves nothing: then the state machine's own words are all there is.
      if (error instanceof Error && error.name === 'NoSuchKey') return undefined;
      throw error;
    });
  const result: ImageResult =
    read?.success === true ? read.data : { error: cause ?? 'the build has left no result' };
  const state = 'reference' in result ? 'READY' : 'FAILED';
  await images.put(worker, hash, { ...result, state, at: clock(), build });
  return state;
};
