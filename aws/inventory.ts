/** Everything that is stored of received instances, for the audit: a scan of the table and a listing of the bucket. */
import { ListObjectsV2Command, type ListObjectsV2Output, type S3Client } from '@aws-sdk/client-s3';
import { ScanCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { InstanceItem } from '../core/contracts/items.ts';
import { tableKeys } from '../core/contracts/keys.ts';
import { objectKeys } from '../core/contracts/object-keys.ts';
import type { StorageInventory } from '../core/processors/storage-audit.ts';
import { forEach, limiter } from '../core/running/concurrency.ts';

/** Few enough that a scan leaves the table's throughput to those who receive. */
const SCAN_SEGMENTS = 4;

const LISTINGS_AT_A_TIME = 16;

const AuditedItems = z.array(
  InstanceItem.pick({ objectKey: true, receivedAt: true, doomedAt: true }),
);

export interface InventoryOptions {
  readonly documents: DynamoDBDocumentClient;
  readonly tableName: string;
  readonly s3: S3Client;
  readonly bucket: string;
}

/** The scan reads eventually consistent, at half the price: what was written a moment ago is not audited. */
export const storedInventory = ({
  documents,
  tableName,
  s3,
  bucket,
}: InventoryOptions): StorageInventory => ({
  eachItem: (take) =>
    forEach(Array(SCAN_SEGMENTS).keys(), async (segment) => {
      let start: Record<string, unknown> | undefined;
      do {
        const page = await documents.send(
          new ScanCommand({
            TableName: tableName,
            Segment: segment,
            TotalSegments: SCAN_SEGMENTS,
            // Of grouped and of unrouted instances; pointers to them have no object.
            FilterExpression: 'begins_with(sk, :prefix) AND attribute_exists(objectKey)',
            ExpressionAttributeValues: { ':prefix': tableKeys.instancePrefix },
            ProjectionExpression: 'objectKey, receivedAt, doomedAt',
            ...(start === undefined ? {} : { ExclusiveStartKey: start }),
          }),
        );
        take(AuditedItems.parse(page.Items ?? []));
        start = page.LastEvaluatedKey;
      } while (start !== undefined);
    }),

  eachObject: (take) => {
    const limit = limiter(LISTINGS_AT_A_TIME);
    return forEach(objectKeys.receivedPrefixes, (Prefix) =>
      limit(async () => {
        let token: string | undefined;
        do {
          const page: ListObjectsV2Output = await s3.send(
            new ListObjectsV2Command({
              Bucket: bucket,
              Prefix,
              ...(token === undefined ? {} : { ContinuationToken: token }),
            }),
          );
          take(
            (page.Contents ?? []).map(({ Key = '', LastModified }) => ({
              key: Key,
              modifiedAt: LastModified?.getTime() ?? 0,
            })),
          );
          token = page.NextContinuationToken;
        } while (token !== undefined);
      }),
    );
  },
});
