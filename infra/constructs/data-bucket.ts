/** The bucket of core/contracts/keys.ts: received instances, manifests, results, logs, packages. */
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  ObjectOwnership,
  type BucketProps,
  type IBucket,
} from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';

const PRIVATE = {
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
} as const;

const NO_SECOND_REGION =
  'Images are a working copy of what the archive has, kept for days; S3 holds them in three zones. A second Region would double the bill.';

/** Who read and wrote which object, for a year; its own requests are not logged. */
const accessLogs = (scope: Construct, id: string): Bucket => {
  const bucket = new Bucket(scope, id, {
    ...PRIVATE,
    encryption: BucketEncryption.S3_MANAGED,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    versioned: true,
    removalPolicy: RemovalPolicy.RETAIN,
    lifecycleRules: [
      {
        id: 'old-logs',
        expiration: Duration.days(365),
        noncurrentVersionExpiration: Duration.days(7),
      },
    ],
  });
  const itself = 'This is the bucket of the access logs; logging it into itself has no end.';
  acknowledge(bucket, {
    'AwsSolutions-S1': itself,
    'HIPAA.Security-S3BucketLoggingEnabled': itself,
    'HIPAA.Security-S3BucketReplicationEnabled': NO_SECOND_REGION,
    'HIPAA.Security-S3DefaultEncryptionKMS':
      'S3 delivers server access logs only into buckets that are encrypted with its own keys.',
  });
  return bucket;
};

const onAws = (scope: Construct, id: string, encryptionKey: IKey): BucketProps => ({
  // A received instance is never overwritten (its hash is in its key); versions guard against our mistakes.
  versioned: true,
  enforceSSL: true,
  minimumTLSVersion: 1.2,
  encryption: BucketEncryption.KMS,
  encryptionKey,
  // One request to KMS for many objects: without it, encrypting costs more than half of what storing does.
  bucketKeyEnabled: true,
  serverAccessLogsBucket: accessLogs(scope, `${id}AccessLogs`) as IBucket,
  serverAccessLogsPrefix: 'data/',
  removalPolicy: RemovalPolicy.RETAIN,
});

/** Without a key, as in the embedded cloud, the bucket goes with its stack. */
export const dataBucket = (scope: Construct, id: string, key: IKey | undefined): Bucket => {
  const bucket = new Bucket(scope, id, {
    ...PRIVATE,
    ...(key === undefined
      ? { encryption: BucketEncryption.S3_MANAGED, removalPolicy: RemovalPolicy.DESTROY }
      : onAws(scope, id, key)),
    lifecycleRules: [
      // What the reclaimer deletes can be brought back for a week; then nothing of it is left.
      {
        id: 'deleted-objects',
        noncurrentVersionExpiration: Duration.days(7),
        expiredObjectDeleteMarker: true,
      },
      { id: 'unfinished-uploads', abortIncompleteMultipartUploadAfter: Duration.days(1) },
      // Packages on their way in: the API reads each within minutes.
      { id: 'uploaded-packages', prefix: 'uploads/', expiration: Duration.days(1) },
    ],
  });
  acknowledge(bucket, { 'HIPAA.Security-S3BucketReplicationEnabled': NO_SECOND_REGION });
  return bucket;
};
