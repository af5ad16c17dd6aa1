/** The table of core/contracts/keys.ts, with its one index: groups by due time, sessions by start. */
import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Billing, ProjectionType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import { resourceNames, STATE_INDEX } from '../../core/contracts/names.ts';
import type { SiteConfig } from '../config.ts';

export const platformTable = (scope: Construct, id: string, config: SiteConfig): TableV2 => {
  const onAws = config.profile === 'aws';
  return new TableV2(scope, id, {
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
    timeToLiveAttribute: 'expiresAt',
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: onAws },
    deletionProtection: onAws,
    removalPolicy: onAws ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
  });
};
