/**
 * The image of a docker worker's version, made when the worker is installed: built from its package, or copied from
 * where the package says. Jobs run it by its digest. In the embedded cloud nothing is made, and the name counts.
 */
import { z } from 'zod';

export const WorkerImage = z.object({
  state: z.enum(['BUILDING', 'READY', 'FAILED']),
  at: z.int().describe('milliseconds'),
  /** The execution that makes it; what an earlier one says counts no more. */
  build: z.string(),
  /** By its digest. */
  reference: z.string().optional(),
  /** The last words of what made it. */
  error: z.string().optional(),
});
export type WorkerImage = z.infer<typeof WorkerImage>;

/** What the making leaves in the bucket: see infra/worker-images/make-image.sh. */
export const ImageResult = z.union([
  z.object({ reference: z.string().regex(/@sha256:[0-9a-f]{64}$/) }),
  z.object({ error: z.string() }),
]);
export type ImageResult = z.infer<typeof ImageResult>;

/** Input of an execution of the state machine `image`: texts, for they become environment variables of the build. */
export const ImageInput = z.object({
  worker: z.string(),
  hash: z.string(),
  packageKey: z.string(),
  resultKey: z.string(),
  tag: z.string(),
  /** Empty when it is built. */
  image: z.string(),
  /** Empty when it is not built. */
  dockerfile: z.string(),
  /** A JSON array of `docker build`'s own arguments. */
  buildArguments: z.string(),
});
export type ImageInput = z.infer<typeof ImageInput>;
