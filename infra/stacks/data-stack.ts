/** What must outlive everything else: the one table and the one bucket. */
import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { dataBucket } from '../constructs/data-bucket.ts';
import { platformTable } from '../constructs/platform-table.ts';
import type { SiteStackProps } from './site-stack.ts';

export class DataStack extends Stack {
  readonly table: TableV2;
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string, props: SiteStackProps) {
    super(scope, id, props);
    this.table = platformTable(this, 'Table', props.config);
    this.bucket = dataBucket(this, 'Bucket', props.config);
    new CfnOutput(this, 'TableName', { value: this.table.tableName });
    new CfnOutput(this, 'BucketName', { value: this.bucket.bucketName });
  }
}
