/** What decides: queues, the platform's Lambdas, the two state machines, the minute sweep, the API. */
import { CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import type { ISecurityGroup } from 'aws-cdk-lib/aws-ec2';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { ENV, resourceNames } from '../../core/contracts/names.ts';
import { accountNeeds } from '../constructs/account-needs.ts';
import { dockerJobRole } from '../constructs/docker-job-role.ts';
import { durableQueue } from '../constructs/durable-queue.ts';
import { consoleFunction } from '../constructs/console-function.ts';
import { imageMachine } from '../constructs/image-machine.ts';
import { hasConsole, httpApi } from '../constructs/http-api.ts';
import { platformFunction } from '../constructs/platform-function.ts';
import { platformGrants } from '../constructs/platform-grants.ts';
import { platformMachines } from '../constructs/platform-machines.ts';
import { platformArns } from '../constructs/platform-names.ts';
import { registryRuntime } from '../constructs/registry-runtime.ts';
import { schedules } from '../constructs/schedules.ts';
import { taskCapacityVariables } from '../constructs/task-capacity.ts';
import { taskEvents } from '../constructs/task-events.ts';
import { liveVersion, versionsOfSessions } from '../constructs/versions.ts';
import type { DataStack } from './data-stack.ts';
import type { SiteStackProps } from './site-stack.ts';
import type { WorkersStack } from './workers-stack.ts';

export interface OrchestrationStackProps extends SiteStackProps {
  readonly data: DataStack;
  readonly workers: WorkersStack;
  /** Where runners' tasks run. */
  readonly placement: {
    readonly subnets: readonly string[];
    readonly securityGroups: readonly string[];
  };
  /** Of registry functions, in the same subnets; the embedded cloud has no network to keep them from. */
  readonly registrySecurityGroup?: ISecurityGroup;
}

/**
 * Seconds, and how many invocations the queue's Lambda may have at once. Bounded, because a hundred groups
 * that are due at the same moment must not start a hundred plans.
 */
const QUEUE_LAMBDAS = {
  // Hundreds of groups may be due in one second, and most of a check is waiting: all wait side by side.
  checks: { timeoutSeconds: 60, batchSize: 10, concurrency: 20 },
  plan: { timeoutSeconds: 600, batchSize: 1, concurrency: 4 },
  advance: { timeoutSeconds: 60, batchSize: 10, concurrency: 4 },
  // A site's own code: a call of a minute, several at a time, and never more than so many.
  processors: { timeoutSeconds: 80, batchSize: 5, concurrency: 5 },
  tasks: { timeoutSeconds: 60, batchSize: 10, concurrency: 4 },
} as const;

/** The embedded cloud has a process for each invocation at once, on one computer. */
const EMBEDDED_CONCURRENCY = 5;

/** Six times the function's timeout, as AWS advises for event sources. */
const visibilityOf = (timeoutSeconds: number): Duration => Duration.seconds(6 * timeoutSeconds);

export class OrchestrationStack extends Stack {
  readonly stabilityChecksQueue: Queue;
  readonly processorsQueue: Queue;
  /** Roles of the functions that start runners and tasks. */
  readonly taskStarters: readonly IRole[];

  constructor(scope: Construct, id: string, props: OrchestrationStackProps) {
    super(scope, id, props);
    const { config, data, workers, placement, registrySecurityGroup } = props;
    const names = resourceNames(config.deployment);
    const arns = platformArns(this, config.deployment);
    const queue = (name: string, queueName: string, lambda: keyof typeof QUEUE_LAMBDAS): Queue =>
      durableQueue(this, name, {
        config,
        queueName,
        visibilityTimeout: visibilityOf(QUEUE_LAMBDAS[lambda].timeoutSeconds),
        maxReceiveCount: 5,
      });
    const queues = {
      checks: queue('StabilityChecks', names.stabilityChecksQueue, 'checks'),
      plan: queue('PlanRequests', names.planQueue, 'plan'),
      advance: queue('AdvanceRequests', names.advanceQueue, 'advance'),
      processors: queue('ProcessorDeliveries', names.processorsQueue, 'processors'),
      tasks: queue('TaskRequests', names.tasksQueue, 'tasks'),
    };
    this.stabilityChecksQueue = queues.checks;
    this.processorsQueue = queues.processors;
    const registry = registryRuntime(this, config);

    const environment = {
      [ENV.deployment]: config.deployment,
      [ENV.table]: data.table.tableName,
      [ENV.bucket]: data.bucket.bucketName,
      [ENV.stabilityChecksQueueUrl]: queues.checks.queueUrl,
      [ENV.planQueueUrl]: queues.plan.queueUrl,
      [ENV.advanceQueueUrl]: queues.advance.queueUrl,
      [ENV.processorsQueueUrl]: queues.processors.queueUrl,
      [ENV.processorsFunctionName]: names.function('processors'),
      [ENV.tasksQueueUrl]: queues.tasks.queueUrl,
      [ENV.workQueueUrlPrefix]: workers.work.urlPrefix,
      [ENV.sessionMachineArn]: arns.sessionMachine,
      [ENV.jobMachineArn]: arns.jobMachine,
      [ENV.cluster]: workers.clusterName,
      [ENV.subnets]: placement.subnets.join(','),
      [ENV.securityGroups]: placement.securityGroups.join(','),
      [ENV.registryLayerArn]: registry.layerArn,
      [ENV.registryRoleArn]: registry.role.roleArn,
      [ENV.registryLogGroup]: registry.logGroupName,
      [ENV.runnerSlots]: String(config.runners.slots),
      [ENV.maxRunners]: String(config.runners.maxRunners),
      ...taskCapacityVariables(config),
      [ENV.runnerLingerSeconds]: String(config.runners.lingerSeconds),
    };
    const lambda = (
      name: string,
      description: string,
      timeoutSeconds: number,
      memorySize: number,
      variables = environment,
    ): NodejsFunction =>
      platformFunction(this, `${name}-function`, {
        config,
        name,
        description,
        timeout: Duration.seconds(timeoutSeconds),
        memorySize,
        environment: variables,
      });
    const grants = platformGrants({
      stack: this,
      config,
      data,
      workers,
      queues,
      registryRole: registry.role,
    });
    const behindQueue = (
      holder: NodejsFunction,
      source: keyof typeof QUEUE_LAMBDAS,
    ): NodejsFunction => {
      const { batchSize, concurrency } = QUEUE_LAMBDAS[source];
      const isEmbedded = config.profile === 'embedded';
      const isOfSessions = source === 'plan' || source === 'advance' || source === 'tasks';
      (isOfSessions ? liveVersion(config, holder) : holder).addEventSource(
        new SqsEventSource(queues[source], {
          batchSize,
          maxConcurrency: isEmbedded ? Math.min(concurrency, EMBEDDED_CONCURRENCY) : concurrency,
          reportBatchItemFailures: true,
        }),
      );
      return holder;
    };

    const finish = lambda('finish', 'Writes the final state of a session', 30, 512);
    grants.finish(finish);
    const machines = platformMachines(this, { config, queues, finish });
    /** Of what starts jobs for a session: they have the definition that was deployed with it. */
    const ofJobs = {
      ...environment,
      ...(machines.jobVersion === undefined
        ? {}
        : { [ENV.jobMachineArn]: machines.jobVersion.ref }),
    };

    const plan = behindQueue(
      lambda('plan', 'Makes the job graph', QUEUE_LAMBDAS.plan.timeoutSeconds, 1769),
      'plan',
    );
    grants.plan(plan);
    const advance = behindQueue(
      lambda(
        'advance',
        'Starts the jobs that became ready, and runners',
        QUEUE_LAMBDAS.advance.timeoutSeconds,
        1024,
        ofJobs,
      ),
      'advance',
    );
    grants.advance(advance);
    const tasks = behindQueue(
      lambda(
        'tasks',
        'Starts a task for each job of a docker worker, and hears of tasks that stopped',
        QUEUE_LAMBDAS.tasks.timeoutSeconds,
        512,
        { ...ofJobs, ...workers.dockerTasks.environment },
      ),
      'tasks',
    );
    grants.tasks(tasks);
    if (tasks.role !== undefined) {
      const credentials = { config, data, tasksQueue: queues.tasks, assumedBy: tasks.role };
      for (const [name, value] of Object.entries(dockerJobRole(this, credentials))) {
        tasks.addEnvironment(name, value);
      }
    }
    taskEvents(this, { clusterArn: arns.cluster, queue: queues.tasks });

    const versions = versionsOfSessions(this, {
      functions: { plan, advance, tasks },
      sessionMachine: machines.sessionVersion,
      jobMachine: machines.jobVersion,
    });
    /** Of what creates sessions. */
    const ofCreators = {
      ...environment,
      ...(versions === undefined ? {} : { [ENV.platformVersions]: versions }),
    };
    grants.stabilityCheck(
      behindQueue(
        lambda(
          'stability-check',
          'Releases groups that have been quiet long enough',
          QUEUE_LAMBDAS.checks.timeoutSeconds,
          512,
          ofCreators,
        ),
        'checks',
      ),
    );
    grants.processors(
      behindQueue(
        lambda(
          'processors',
          "The site's job processors",
          QUEUE_LAMBDAS.processors.timeoutSeconds,
          1024,
          ofCreators,
        ),
        'processors',
      ),
    );
    const sweep = lambda(
      ...(['sweep', 'Repairs what was lost on the way, every minute', 55, 1024] as const),
      ofCreators,
    );
    grants.sweep(sweep);
    this.taskStarters = [advance, tasks, sweep].flatMap(({ role }) => role ?? []);
    const reclaim = lambda('reclaim', 'Deletes what was handed over and nobody uses', 300, 1024);
    grants.reclaim(reclaim);
    schedules(this, { sweep, reclaim });

    const api = lambda('api', 'REST API', 29, 1769, {
      ...ofCreators,
      ...(config.profile === 'embedded'
        ? {}
        : { [ENV.accountNeeds]: JSON.stringify(accountNeeds(config)) }),
      ...(registrySecurityGroup === undefined
        ? {}
        : { [ENV.registrySecurityGroup]: registrySecurityGroup.securityGroupId }),
    });
    grants.api(api);
    const console = hasConsole(config) ? consoleFunction(this, config) : undefined;
    const address = httpApi(this, 'HttpApi', config, {
      api,
      ...(console === undefined ? {} : { console }),
    });

    if (workers.imageProject !== undefined) {
      api.addEnvironment(ENV.imageMachineArn, arns.imageMachine);
      imageMachine(this, { config, project: workers.imageProject, tasksQueue: queues.tasks });
    }

    const outputs = {
      ApiId: address.apiId,
      ApiEndpoint: address.apiEndpoint,
      ...(console === undefined
        ? {}
        : {
            ConsoleAddress: `${address.apiEndpoint}/`,
            ConsoleFunctionName: console.functionName,
          }),
      StabilityChecksQueueUrl: queues.checks.queueUrl,
      PlanQueueUrl: queues.plan.queueUrl,
      AdvanceQueueUrl: queues.advance.queueUrl,
      ProcessorsQueueUrl: queues.processors.queueUrl,
      TasksQueueUrl: queues.tasks.queueUrl,
      SessionMachineArn: arns.sessionMachine,
      JobMachineArn: arns.jobMachine,
      SweepFunctionName: sweep.functionName,
      ApiFunctionName: api.functionName,
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }
}
