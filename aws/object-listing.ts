/** Which objects there are under a prefix: for those who clean up. */
import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import type { DatedObjectListing, ObjectListing } from '../core/contracts/ports.ts';

export const bucketListing = (
  client: S3Client,
  bucket: string,
): ObjectListing & DatedObjectListing => {
  const dated: DatedObjectListing['dated'] = async (prefix) => {
    const objects: { key: string; modifiedAt: number }[] = [];
    let token: string | undefined;
    do {
      const page = await client.send(
        new ListObjectsV2Command({
          Bucket: bucket,
          Prefix: prefix,
          ...(token === undefined ? {} : { ContinuationToken: token }),
        }),
      );
      for (const { Key: key, LastModified } of page.Contents ?? []) {
        if (key !== undefined) objects.push({ key, modifiedAt: LastModified?.getTime() ?? 0 });
      }
      token = page.NextContinuationToken;
    } while (token !== undefined);
    return objects;
  };
  return {
    dated,
    keys: async (prefix) => (await dated(prefix)).map(({ key }) => key),
  };
};
