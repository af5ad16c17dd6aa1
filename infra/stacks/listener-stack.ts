/** Where modalities call: the listener's service on Fargate behind an internal load balancer. */
import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { dimseBalancer } from '../constructs/dimse-balancer.ts';
import { listenerService } from '../constructs/listener-service.ts';
import { tlsSecret } from '../constructs/tls-secret.ts';
import type { DataStack } from './data-stack.ts';
import type { NetworkStack } from './network-stack.ts';
import type { OrchestrationStack } from './orchestration-stack.ts';
import type { SiteStackProps } from './site-stack.ts';
import type { WorkersStack } from './workers-stack.ts';

export interface ListenerStackProps extends SiteStackProps {
  readonly data: DataStack;
  readonly network: NetworkStack;
  readonly workers: WorkersStack;
  readonly orchestration: OrchestrationStack;
}

export class ListenerStack extends Stack {
  constructor(scope: Construct, id: string, props: ListenerStackProps) {
    super(scope, id, props);
    const { config, data, network, workers, orchestration } = props;
    const tlsSecretArn =
      config.listener.tls === undefined
        ? undefined
        : tlsSecret(this, 'TlsSecret', config, data.key);
    const service = listenerService(this, 'Listener', {
      config,
      data,
      vpc: network.vpc,
      clusterName: workers.clusterName,
      stabilityChecksQueue: orchestration.stabilityChecksQueue,
      processorsQueue: orchestration.processorsQueue,
      tlsSecretArn,
    });
    const balancer = dimseBalancer(this, 'Balancer', { config, vpc: network.vpc, service });
    if (tlsSecretArn !== undefined) new CfnOutput(this, 'TlsSecretArn', { value: tlsSecretArn });
    new CfnOutput(this, 'DimseName', { value: balancer.dnsName });
    for (const [index, value] of balancer.addresses.entries()) {
      new CfnOutput(this, `DimseAddress${index + 1}`, { value });
    }
  }
}
