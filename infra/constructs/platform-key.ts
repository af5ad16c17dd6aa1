/**
 * The customer-managed key under which everything with a patient's data rests: table, objects, logs, secrets, and
 * the disks of Fargate tasks. Who may use it is said by the policies of those who use the data.
 */
import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { resourceNames } from '../../core/contracts/names.ts';
import type { SiteConfig } from '../config.ts';

export const platformKey = (scope: Construct, id: string, { deployment }: SiteConfig): Key => {
  const stack = Stack.of(scope);
  const key = new Key(scope, id, {
    alias: deployment,
    description: `${deployment}: images, items, logs, secrets, disks of tasks`,
    enableKeyRotation: true,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  key.addToResourcePolicy(
    new PolicyStatement({
      sid: 'LogGroupsOfThisDeployment',
      principals: [new ServicePrincipal(`logs.${stack.region}.amazonaws.com`)],
      actions: [
        'kms:Encrypt',
        'kms:Decrypt',
        'kms:ReEncrypt*',
        'kms:GenerateDataKey*',
        'kms:DescribeKey',
      ],
      resources: ['*'],
      conditions: {
        ArnLike: {
          'kms:EncryptionContext:aws:logs:arn': stack.formatArn({
            service: 'logs',
            resource: `log-group:/${deployment}/*`,
          }),
        },
      },
    }),
  );
  const ofCluster = {
    'kms:EncryptionContext:aws:ecs:clusterAccount': stack.account,
    'kms:EncryptionContext:aws:ecs:clusterName': resourceNames(deployment).cluster,
  };
  const fargate = new ServicePrincipal('fargate.amazonaws.com');
  key.addToResourcePolicy(
    new PolicyStatement({
      sid: 'DisksOfTasks',
      principals: [fargate],
      actions: ['kms:GenerateDataKeyWithoutPlaintext'],
      resources: ['*'],
      conditions: { StringEquals: ofCluster },
    }),
  );
  key.addToResourcePolicy(
    new PolicyStatement({
      sid: 'DisksOfTasksGrants',
      principals: [fargate],
      actions: ['kms:CreateGrant'],
      resources: ['*'],
      conditions: {
        StringEquals: ofCluster,
        'ForAllValues:StringEquals': { 'kms:GrantOperations': ['Decrypt'] },
      },
    }),
  );
  return key;
};
