/**
 * The CDK app: the stacks of one site. The embedded cloud has the data, worker and orchestration stacks, as
 * they are on AWS; network, listener service, GPU capacity and alarms exist only there.
 */
import { App, Tags } from 'aws-cdk-lib';
import { loadSiteConfig } from './config.ts';
import { DataStack } from './stacks/data-stack.ts';
import { GpuStack } from './stacks/gpu-stack.ts';
import { ListenerStack } from './stacks/listener-stack.ts';
import { NetworkStack } from './stacks/network-stack.ts';
import { OperationsStack } from './stacks/operations-stack.ts';
import { OrchestrationStack } from './stacks/orchestration-stack.ts';
import { WorkersStack } from './stacks/workers-stack.ts';

/** Adds the site's stacks to `app`; throws SiteConfigInvalid before it adds any. */
export const addStacks = (app: App): void => {
  const config = loadSiteConfig((key) => app.node.tryGetContext(key) as unknown);
  const { deployment } = config;
  Tags.of(app).add('gantry:deployment', deployment);
  const account = process.env['CDK_DEFAULT_ACCOUNT'];
  const region = process.env['CDK_DEFAULT_REGION'];
  // Only a look-up of an existing VPC needs to know the account while synthesising.
  const env =
    config.network.vpcId !== undefined && account !== undefined && region !== undefined
      ? { env: { account, region } }
      : {};
  const properties = (name: string) => ({
    ...env,
    config,
    stackName: `${deployment}-${name}`,
    terminationProtection: config.profile === 'aws' && name === 'data',
  });

  const data = new DataStack(app, 'Data', properties('data'));
  const workers = new WorkersStack(app, 'Workers', { ...properties('workers'), data });
  if (config.profile === 'embedded') {
    new OrchestrationStack(app, 'Orchestration', {
      ...properties('orchestration'),
      data,
      workers,
      placement: { subnets: ['subnet-embedded'], securityGroups: ['sg-embedded'] },
    });
    return;
  }
  const network = new NetworkStack(app, 'Network', properties('network'));
  const orchestration = new OrchestrationStack(app, 'Orchestration', {
    ...properties('orchestration'),
    data,
    workers,
    placement: network.taskPlacement,
  });
  new ListenerStack(app, 'Listener', {
    ...properties('listener'),
    data,
    network,
    workers,
    orchestration,
  });
  new OperationsStack(app, 'Operations', { ...properties('operations'), orchestration });
  new GpuStack(app, 'Gpu', { ...properties('gpu'), network, workers });
};

if (import.meta.main) {
  const app = new App();
  addStacks(app);
  app.synth();
}
