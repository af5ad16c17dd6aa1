/**
 * What a role may do with table, bucket, secrets and key, to the letter of the calls that the programs make: no scan of the
 * table but the audit's, no version of an object deleted, the key only through the service whose data it protects.
 */
import { Stack } from 'aws-cdk-lib';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { STATE_INDEX } from '../../core/contracts/names.ts';

export interface DataAccess {
  /** Reads and writes items, one by one, by key or by index. */
  readonly items: (holder: IGrantable) => void;
  /** Likewise of single partitions, which its session policy names: by key alone. */
  readonly sessionItems: (holder: IGrantable) => void;
  /** Writes many items with one call, beside {@link items}. */
  readonly manyItems: (holder: IGrantable) => void;
  /** Reads the table as a whole, beside {@link items}: the daily audit. */
  readonly scan: (holder: IGrantable) => void;
  /** Reads objects below a prefix, such as `groups/*`; is told of one that is not there. */
  readonly read: (holder: IGrantable, prefix?: string) => void;
  /** Reads objects that it knows to be there. */
  readonly readNamed: (holder: IGrantable, prefix: string) => void;
  readonly write: (holder: IGrantable, prefix: string) => void;
  /** Deletes objects, which keep their last version for as long as the bucket's lifecycle says. */
  readonly remove: (holder: IGrantable, prefix: string) => void;
  /** Reads the current version of one secret under the key. */
  readonly secret: (holder: IGrantable, secretArn: string) => void;
}

export interface ProtectedData {
  readonly table: TableV2;
  readonly bucket: Bucket;
  readonly key: IKey | undefined;
}

export const dataAccess = ({ table, bucket, key }: ProtectedData): DataAccess => {
  const allow = (holder: IGrantable, actions: string[], resources: string[]): void => {
    holder.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions, resources }));
  };
  const useKey = (
    holder: IGrantable,
    service: 'dynamodb' | 's3' | 'secretsmanager',
    actions: string[],
  ): void => {
    if (key === undefined) return;
    holder.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({
        actions,
        resources: [key.keyArn],
        conditions: {
          StringEquals: { 'kms:ViaService': `${service}.${Stack.of(key).region}.amazonaws.com` },
        },
      }),
    );
  };
  const items = (holder: IGrantable): void => {
    allow(
      holder,
      [
        'dynamodb:GetItem',
        'dynamodb:Query',
        'dynamodb:PutItem',
        'dynamodb:UpdateItem',
        'dynamodb:DeleteItem',
        'dynamodb:ConditionCheckItem',
      ],
      [table.tableArn],
    );
  };
  const useTableKey = (holder: IGrantable): void => {
    useKey(holder, 'dynamodb', [
      'kms:Decrypt',
      'kms:DescribeKey',
      'kms:Encrypt',
      'kms:GenerateDataKey',
      'kms:ReEncryptFrom',
      'kms:ReEncryptTo',
    ]);
  };
  const readNamed = (holder: IGrantable, prefix: string): void => {
    allow(holder, ['s3:GetObject'], [bucket.arnForObjects(prefix)]);
    useKey(holder, 's3', ['kms:Decrypt']);
  };
  return {
    items: (holder) => {
      items(holder);
      allow(holder, ['dynamodb:Query'], [`${table.tableArn}/index/${STATE_INDEX}`]);
      useTableKey(holder);
    },
    sessionItems: (holder) => {
      items(holder);
      useTableKey(holder);
    },
    manyItems: (holder) => {
      allow(holder, ['dynamodb:BatchWriteItem'], [table.tableArn]);
    },
    scan: (holder) => {
      allow(holder, ['dynamodb:Scan'], [table.tableArn]);
    },
    read: (holder, prefix = '*') => {
      allow(holder, ['s3:GetObject'], [bucket.arnForObjects(prefix)]);
      // Without it, S3 says of an absent object that it is forbidden.
      allow(holder, ['s3:ListBucket'], [bucket.bucketArn]);
      useKey(holder, 's3', ['kms:Decrypt']);
    },
    readNamed,
    write: (holder, prefix) => {
      allow(holder, ['s3:PutObject'], [bucket.arnForObjects(prefix)]);
      useKey(holder, 's3', ['kms:GenerateDataKey']);
    },
    remove: (holder, prefix) => {
      allow(holder, ['s3:DeleteObject'], [bucket.arnForObjects(prefix)]);
    },
    secret: (holder, secretArn) => {
      allow(holder, ['secretsmanager:GetSecretValue'], [secretArn]);
      useKey(holder, 'secretsmanager', ['kms:Decrypt']);
    },
  };
};
