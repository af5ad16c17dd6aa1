/** The peer of staging: the newest objects of a study's size, read to memory by the SDK and nothing done with them. */
import {
  GetObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';
import { emulatedConnection } from '../../local/emulator.ts';

/** As many at once as the runner fetches: worker-container/staging. */
const AT_ONCE = 16;
const PREFIX = 'instances/';

/** Milliseconds for `count` objects of at least `bytes` bytes; throws if there are fewer. */
export const fetchBucketMs = async (
  port: number,
  bytes: number,
  count: number,
): Promise<number> => {
  const client = new S3Client({ ...emulatedConnection(port), forcePathStyle: true });
  try {
    const { Buckets = [] } = await client.send(new ListBucketsCommand({}));
    const objects: { Bucket: string; Key: string }[] = [];
    for (const { Name: Bucket = '' } of Buckets) {
      const { Contents = [] } = await client.send(
        new ListObjectsV2Command({ Bucket, Prefix: PREFIX }),
      );
      for (const { Key = '', Size = 0 } of Contents)
        if (Size >= bytes) objects.push({ Bucket, Key });
    }
    if (objects.length < count) throw new Error(`${objects.length} objects instead of ${count}`);
    const waiting = objects.slice(0, count);
    const startedAt = performance.now();
    const lane = async (): Promise<void> => {
      for (let object = waiting.pop(); object !== undefined; object = waiting.pop()) {
        const { Body } = await client.send(new GetObjectCommand(object));
        await Body?.transformToByteArray();
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    return performance.now() - startedAt;
  } finally {
    client.destroy();
  }
};
