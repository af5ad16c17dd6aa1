/** What must outlive everything else: the one table, the one bucket, and the key of both. */
import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Key } from 'aws-cdk-lib/aws-kms';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { dataAccess, type DataAccess } from '../constructs/data-access.ts';
import { dataBucket } from '../constructs/data-bucket.ts';
import { platformKey } from '../constructs/platform-key.ts';
import { platformTable } from '../constructs/platform-table.ts';
import type { SiteStackProps } from './site-stack.ts';

export class DataStack extends Stack {
  /** Of everything that may tell of a patient; the embedded cloud has none. */
  readonly key: Key | undefined;
  readonly table: TableV2;
  readonly bucket: Bucket;
  /** How roles are given what they need of them. */
  readonly access: DataAccess;

  constructor(scope: Construct, id: string, props: SiteStackProps) {
    super(scope, id, props);
    const { config } = props;
    this.key = config.profile === 'embedded' ? undefined : platformKey(this, 'Key', config);
    this.table = platformTable(this, 'Table', config, this.key);
    this.bucket = dataBucket(this, 'Bucket', this.key);
    this.access = dataAccess(this);
    new CfnOutput(this, 'TableName', { value: this.table.tableName });
    new CfnOutput(this, 'BucketName', { value: this.bucket.bucketName });
  }
}
