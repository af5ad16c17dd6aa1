/** The bucket of core/contracts/keys.ts: received instances, manifests, results, logs, packages. */
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { SiteConfig } from '../config.ts';

export const dataBucket = (scope: Construct, id: string, config: SiteConfig): Bucket =>
  new Bucket(scope, id, {
    // A received instance is never overwritten (its hash is in its key); versions guard against our mistakes.
    versioned: config.profile === 'aws',
    enforceSSL: config.profile === 'aws',
    encryption: BucketEncryption.S3_MANAGED,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    removalPolicy: config.profile === 'aws' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
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
