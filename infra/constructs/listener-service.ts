/** The listener as a Fargate service. Its role may write what was received and nothing that was sent before. */
import { Duration, Stack } from 'aws-cdk-lib';
import { SecurityGroup, type IVpc } from 'aws-cdk-lib/aws-ec2';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import {
  Cluster,
  CpuArchitecture,
  FargateService,
  FargateTaskDefinition,
  LogDriver,
  OperatingSystemFamily,
} from 'aws-cdk-lib/aws-ecs';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { ENV, resourceNames } from '../../core/contracts/names.ts';
import type { SiteConfig } from '../config.ts';
import { LISTENER_HEALTH_PORT } from '../config-schema.ts';
import type { DataStack } from '../stacks/data-stack.ts';
import { acknowledge, PLAIN_ENVIRONMENT } from './acknowledge.ts';
import { listenerScaling } from './listener-scaling.ts';
import { programLogs } from './logging.ts';
import { repositoryImage } from './repository-image.ts';
import { taskSubnets } from './subnets.ts';

export interface ListenerServiceProps {
  readonly config: SiteConfig;
  readonly data: DataStack;
  readonly vpc: IVpc;
  readonly clusterName: string;
  readonly stabilityChecksQueue: IQueue;
  readonly processorsQueue: IQueue;
  /** Of the secret of the TLS port; undefined: there is none. */
  readonly tlsSecretArn: string | undefined;
}

/** What the listener is told of its TLS port. */
const tlsEnvironment = (
  { listener: { tls } }: SiteConfig,
  secretArn: string | undefined,
): Record<string, string> =>
  tls === undefined || secretArn === undefined
    ? {}
    : {
        [ENV.dimseTlsPort]: String(tls.port),
        [ENV.tlsSecretArn]: secretArn,
        [ENV.tlsRequireClientCertificates]: String(tls.requireClientCertificates),
      };

export const listenerService = (
  scope: Construct,
  id: string,
  props: ListenerServiceProps,
): FargateService => {
  const { config, data, vpc, clusterName, stabilityChecksQueue, processorsQueue } = props;
  const { listener } = config;
  const taskDefinition = new FargateTaskDefinition(scope, `${id}Task`, {
    family: resourceNames(config.deployment).listenerFamily,
    cpu: listener.cpu,
    memoryLimitMiB: listener.memoryMiB,
    ephemeralStorageGiB: listener.spoolGiB,
    runtimePlatform: {
      cpuArchitecture: CpuArchitecture.ARM64,
      operatingSystemFamily: OperatingSystemFamily.LINUX,
    },
  });
  taskDefinition.addContainer('main', {
    image: repositoryImage('listener-container', Platform.LINUX_ARM64),
    logging: LogDriver.awsLogs({
      streamPrefix: 'listener',
      logGroup: programLogs(scope, `${id}Logs`, config, 'listener'),
    }),
    portMappings: [
      { containerPort: listener.port },
      ...(listener.tls === undefined ? [] : [{ containerPort: listener.tls.port }]),
      { containerPort: LISTENER_HEALTH_PORT },
    ],
    stopTimeout: Duration.seconds(120),
    environment: {
      [ENV.deployment]: config.deployment,
      [ENV.table]: data.table.tableName,
      [ENV.bucket]: data.bucket.bucketName,
      [ENV.stabilityChecksQueueUrl]: stabilityChecksQueue.queueUrl,
      [ENV.processorsQueueUrl]: processorsQueue.queueUrl,
      [ENV.dimseHost]: '0.0.0.0',
      [ENV.dimsePort]: String(listener.port),
      ...tlsEnvironment(config, props.tlsSecretArn),
      [ENV.healthPort]: String(LISTENER_HEALTH_PORT),
      [ENV.maximumAssociations]: String(listener.maximumAssociations),
      [ENV.spoolDirectory]: '/var/spool/gantry',
      // What a new installation's default worker starts with.
      [ENV.runnerSlots]: String(config.runners.slots),
      [ENV.maxRunners]: String(config.runners.maxRunners),
    },
  });
  acknowledge(taskDefinition, { 'AwsSolutions-ECS2': PLAIN_ENVIRONMENT });
  const role = taskDefinition.taskRole;
  data.access.items(role);
  data.access.write(role, 'instances/*');
  data.access.write(role, 'unrouted/*');
  // An identical re-send is compared with the sealed manifests of its key; storage commitment lists what is there.
  data.access.read(role, 'groups/*');
  if (props.tlsSecretArn !== undefined) data.access.secret(role, props.tlsSecretArn);
  stabilityChecksQueue.grantSendMessages(role);
  processorsQueue.grantSendMessages(role);

  // A task with associations asks ECS not to stop it. What it may protect is any task of the cluster: its own id is not known before.
  role.addToPrincipalPolicy(
    new PolicyStatement({
      actions: ['ecs:UpdateTaskProtection', 'ecs:GetTaskProtection'],
      resources: [
        Stack.of(scope).formatArn({
          service: 'ecs',
          resource: 'task',
          resourceName: `${clusterName}/*`,
        }),
      ],
    }),
  );

  const service = new FargateService(scope, id, {
    cluster: Cluster.fromClusterAttributes(scope, `${id}Cluster`, { clusterName, vpc }),
    taskDefinition,
    desiredCount: listener.tasks,
    minHealthyPercent: 100,
    maxHealthyPercent: 200,
    circuitBreaker: { rollback: true },
    vpcSubnets: taskSubnets(config),
    securityGroups: [
      new SecurityGroup(scope, `${id}SecurityGroup`, {
        vpc,
        description: 'Listener: DIMSE from modalities, health checks from the load balancer',
      }),
    ],
    assignPublicIp: false,
  });
  listenerScaling(service, config);
  return service;
};
