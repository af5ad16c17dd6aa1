/**
 * The CDK app: the stacks of one site. The embedded cloud has the data, worker and orchestration stacks, as
 * they are on AWS; network, listener service, GPU capacity and alarms exist only there.
 */
import { App, Aspects, Tags } from 'aws-cdk-lib';
import { loadSiteConfig } from './config.ts';
import { acknowledge } from './constructs/acknowledge.ts';
import { EncryptedLogs } from './constructs/encrypted-logs.ts';
import { DataStack } from './stacks/data-stack.ts';
import { GpuStack } from './stacks/gpu-stack.ts';
import { ListenerStack } from './stacks/listener-stack.ts';
import { NetworkStack } from './stacks/network-stack.ts';
import { OperationsStack } from './stacks/operations-stack.ts';
import { OrchestrationStack } from './stacks/orchestration-stack.ts';
import { WorkersStack } from './stacks/workers-stack.ts';

/** Adds the site's stacks to `app`; throws SiteConfigInvalid before it adds any. */
export const addStacks = (app: App): void => {
  const config = loadSiteConfig(
    (key) => app.node.tryGetContext(key) as unknown,
    process.env['CDK_DEFAULT_REGION'],
  );
  const { deployment, region } = config;
  const embedded = config.profile === 'embedded';
  Tags.of(app).add('gantry:deployment', deployment);
  const properties = (name: string) => ({
    // A table under a customer's key needs to know its Region while synthesising; the account is nowhere needed.
    ...(embedded || region === undefined ? {} : { env: { region } }),
    config,
    stackName: `${deployment}-${name}`,
    terminationProtection: !embedded && name === 'data',
  });

  const data = new DataStack(app, 'Data', properties('data'));
  const workers = new WorkersStack(app, 'Workers', { ...properties('workers'), data });
  acknowledge(app, {
    'HIPAA.Security-IAMNoInlinePolicy':
      'A policy is written for one role and goes with it: nobody else can be given it by mistake. docs/roles.md lists them all.',
  });
  if (data.key !== undefined) Aspects.of(app).add(new EncryptedLogs(data.key));
  if (embedded) {
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
    registrySecurityGroup: network.registrySecurityGroup,
  });
  new ListenerStack(app, 'Listener', {
    ...properties('listener'),
    data,
    network,
    workers,
    orchestration,
  });
  new OperationsStack(app, 'Operations', { ...properties('operations'), orchestration });
  if (config.gpu.kind !== 'none') {
    new GpuStack(app, 'Gpu', { ...properties('gpu'), network, workers });
  }
};

if (import.meta.main) {
  const app = new App();
  addStacks(app);
  app.synth();
}
