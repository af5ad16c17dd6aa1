/**
 * The resources of a site that hold something which a release must not lose: images, states, messages, names that
 * others have written down. CloudFormation replaces a resource whose logical id or name changes, and the new one is empty.
 */
import type { TemplateResource } from './synthesis.ts';

/** By type, the property that has the resource's name. */
const NAMED_BY: Readonly<Record<string, string>> = {
  'AWS::DynamoDB::GlobalTable': 'TableName',
  'AWS::S3::Bucket': 'BucketName',
  'AWS::SQS::Queue': 'QueueName',
  'AWS::KMS::Key': 'KeyId',
  'AWS::SecretsManager::Secret': 'Name',
  'AWS::Cognito::UserPool': 'UserPoolName',
  'AWS::ECR::Repository': 'RepositoryName',
  'AWS::ECS::Cluster': 'ClusterName',
  'AWS::StepFunctions::StateMachine': 'StateMachineName',
  'AWS::Logs::LogGroup': 'LogGroupName',
  'AWS::EC2::VPC': 'VpcId',
  'AWS::EC2::VPNConnection': 'VpnConnectionId',
  'AWS::ElasticLoadBalancingV2::LoadBalancer': 'Name',
};

export interface StatefulResource {
  readonly type: string;
  /** Absent where CloudFormation makes the name; then the logical id alone decides. */
  readonly name?: string;
}

/** By `<stack>/<logical id>`, in their order. */
export const statefulResources = (
  resources: ReadonlyMap<string, TemplateResource>,
): Readonly<Record<string, StatefulResource>> =>
  Object.fromEntries(
    [...resources]
      .filter(([, { Type }]) => Object.hasOwn(NAMED_BY, Type))
      .map(([id, { Type, Properties }]): [string, StatefulResource] => {
        const name = Properties?.[NAMED_BY[Type] ?? ''];
        return [id, { type: Type, ...(typeof name === 'string' ? { name } : {}) }];
      })
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );
