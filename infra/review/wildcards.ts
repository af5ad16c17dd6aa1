/**
 * The wildcards in policies that are as they should be, by the form of the resource or action, each with its reason.
 * A wildcard that has none of these forms fails rules.test.ts.
 */
export interface Wildcard {
  readonly form: RegExp;
  /** Paths of constructs that may have it; without, any. */
  readonly holders?: RegExp;
  readonly reason: string;
}

export const WILDCARDS: readonly Wildcard[] = [
  {
    form: /Bucket\w+Arn\w+\/([a-z]+|sessions\/\*\/files|workers\/\*\/images)\/\*\]?$/,
    reason:
      'Objects of one kind: their names are made while images arrive; the kind is the prefix.',
  },
  {
    form: /Bucket\w+Arn\w+\/\*\]?$/,
    holders: /(plan|advance|reclaim|api)-function|DefaultRunner/,
    reason:
      'Reads objects of every kind: manifests, images, services, session data and results are all of its work.',
  },
  {
    form: /:execution:[a-z-]+-(session|job):\*/,
    reason: 'Executions of one machine: each has the name of what it runs.',
  },
  {
    form: /:task-definition\/[a-z-]+-(runner|docker)-\*/,
    reason: 'Task definitions of workers, which people install while the platform runs.',
  },
  {
    form: /:task\/[a-z-]+-workers\/\*/,
    reason: 'Tasks of the one cluster: their ids are given by ECS.',
  },
  {
    form: /:[a-z-]+-work-\*/,
    reason: 'Work queues of workers, which people install while the platform runs.',
  },
  {
    form: /:function:[a-z-]+-registry-\*/,
    reason: 'Registry functions: one for each service version that people install.',
  },
  {
    form: /:layer:[a-z-]+-registry-python:\*/,
    reason: 'Every version of the one layer: installed functions keep the one they were made with.',
  },
  {
    form: /^Resource::\*$/,
    reason:
      'Actions for which IAM knows no resource; permissions.test.ts names every one that may be used so.',
  },
  {
    form: /:function:[a-z-]+-(plan|advance|tasks):\*/,
    holders: /(plan|advance|tasks)-function/,
    reason: 'Versions of the function itself: sessions end on the one that they began with.',
  },
  {
    form: /^Resource::<finishfunction\w+\.Arn>:\*$/,
    reason: 'Versions of the one function that ends sessions.',
  },
  {
    form: /:repository\/cdk-\*-container-assets-\*$/,
    reason:
      'The repository of the deployment’s own images: its name has the qualifier of the bootstrap, account and Region.',
  },
  {
    form: /:repository\/\*$/,
    holders: /DockerTaskExecution|ImageBuildRole/,
    reason: 'Images of docker workers, which may be in any repository of the account.',
  },
  {
    form: /:container-instance\/\*$/,
    reason: 'Machines of ECS Managed Instances, bounded to the cluster by a condition.',
  },
  {
    form: /:[a-z-]+-\*-dead-letters$/,
    holders: /sweep-function/,
    reason: 'Dead-letter queues of every queue: the sweep counts what is in them.',
  },
];
