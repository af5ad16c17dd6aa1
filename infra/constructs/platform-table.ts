/** The table of core/contracts/keys.ts, with its one index: groups by due time, sessions by start. */
import { RemovalPolicy } from 'aws-cdk-lib';
import {
  AttributeType,
  Billing,
  ProjectionType,
  TableEncryptionV2,
  TableV2,
} from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { resourceNames, STATE_INDEX } from '../../core/contracts/names.ts';
import type { SiteConfig } from '../config.ts';
import { acknowledge } from './acknowledge.ts';

export const platformTable = (
  scope: Construct,
  id: string,
  config: SiteConfig,
  key: IKey | undefined,
): TableV2 => {
  const onAws = config.profile !== 'embedded';
  const table = new TableV2(scope, id, {
    tableName: resourceNames(config.deployment).table,
    partitionKey: { name: 'pk', type: AttributeType.STRING },
    sortKey: { name: 'sk', type: AttributeType.STRING },
    globalSecondaryIndexes: [
      {
        indexName: STATE_INDEX,
        partitionKey: { name: 'statePk', type: AttributeType.STRING },
        sortKey: { name: 'stateSk', type: AttributeType.STRING },
        projectionType: ProjectionType.ALL,
      },
    ],
    billing: Billing.onDemand(),
    ...(key === undefined ? {} : { encryption: TableEncryptionV2.customerManagedKey(key) }),
    timeToLiveAttribute: 'expiresAt',
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: onAws },
    deletionProtection: onAws,
    removalPolicy: onAws ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
  });
  acknowledge(table, {
    'HIPAA.Security-DynamoDBInBackupPlan':
      'Point-in-time recovery keeps the last 35 days of the table, continuously; a backup plan would keep less, later.',
  });
  return table;
};
