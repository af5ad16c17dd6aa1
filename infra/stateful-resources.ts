/**
 * The resources of a site that hold something which a release must not lose: images, states, messages, names that
 * others have written down. CloudFormation replaces a resource whose logical id or name changes, and the new one is empty.
 */
import type { TemplateResource } from './synthesis.ts';

/**
 * By type, the property that has the resource's name, and the others with which CloudFormation replaces it ("Update
 * requires: Replacement" in its reference).
 */
const REPLACED_BY: Readonly<Record<string, readonly [name: string, ...others: string[]]>> = {
  'AWS::DynamoDB::GlobalTable': ['TableName', 'KeySchema', 'LocalSecondaryIndexes'],
  'AWS::S3::Bucket': ['BucketName'],
  'AWS::SQS::Queue': ['QueueName', 'FifoQueue'],
  'AWS::KMS::Key': ['KeyId', 'KeySpec', 'KeyUsage', 'MultiRegion', 'Origin'],
  'AWS::SecretsManager::Secret': ['Name'],
  'AWS::Cognito::UserPool': [
    ...(['UserPoolName', 'AliasAttributes', 'UsernameAttributes'] as const),
    'UsernameConfiguration',
  ],
  'AWS::ECR::Repository': ['RepositoryName', 'EncryptionConfiguration'],
  'AWS::ECS::Cluster': ['ClusterName'],
  'AWS::StepFunctions::StateMachine': ['StateMachineName', 'StateMachineType'],
  'AWS::Logs::LogGroup': ['LogGroupName'],
  'AWS::EC2::VPC': ['VpcId', 'CidrBlock', 'InstanceTenancy'],
  'AWS::EC2::VPNConnection': [
    ...(['VpnConnectionId', 'CustomerGatewayId', 'StaticRoutesOnly', 'TransitGatewayId'] as const),
    ...['Type', 'VpnGatewayId', 'VpnTunnelOptionsSpecifications'],
  ],
  'AWS::ElasticLoadBalancingV2::LoadBalancer': ['Name', 'Scheme', 'Type'],
};

export interface StatefulResource {
  readonly type: string;
  /** Absent where CloudFormation makes the name; then the logical id alone decides. */
  readonly name?: string;
  /** The other properties that may not change, those that are set. */
  readonly fixed?: Readonly<Record<string, unknown>>;
}

/** By `<stack>/<logical id>`, in their order. */
export const statefulResources = (
  resources: ReadonlyMap<string, TemplateResource>,
): Readonly<Record<string, StatefulResource>> =>
  Object.fromEntries(
    [...resources]
      .flatMap(([id, { Type, Properties = {} }]): [string, StatefulResource][] => {
        if (!Object.hasOwn(REPLACED_BY, Type)) return [];
        const [named = '', ...others] = REPLACED_BY[Type] ?? [];
        const name = Properties[named];
        const fixed = others.filter((property) => Properties[property] !== undefined);
        const resource = {
          type: Type,
          ...(typeof name === 'string' ? { name } : {}),
          ...(fixed.length === 0
            ? {}
            : { fixed: Object.fromEntries(fixed.map((key) => [key, Properties[key]])) }),
        };
        return [[id, resource]];
      })
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );
