/** ECS tasks as Tasks: runners are started by whoever dispatches work, and end by themselves. */
import { RunTaskCommand, StopTaskCommand, type ECSClient } from '@aws-sdk/client-ecs';
import type { Tasks } from '../core/contracts/ports.ts';

/** ECS answered RunTask without a task: no capacity, a quota, an image that is not there. */
export class TaskNotStarted extends Error {
  override readonly name = 'TaskNotStarted';
}

export interface TaskPlacement {
  readonly cluster: string;
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
}

export const ecsTasks = (client: ECSClient, placement: TaskPlacement): Tasks => ({
  run: async (family, environment) => {
    const { tasks, failures } = await client.send(
      new RunTaskCommand({
        cluster: placement.cluster,
        taskDefinition: family,
        launchType: 'FARGATE',
        networkConfiguration: {
          awsvpcConfiguration: {
            subnets: [...placement.subnets],
            securityGroups: [...placement.securityGroups],
          },
        },
        overrides: {
          containerOverrides: [
            {
              name: 'main',
              environment: Object.entries(environment).map(([name, value]) => ({ name, value })),
            },
          ],
        },
      }),
    );
    const arn = tasks?.[0]?.taskArn;
    if (arn === undefined) {
      const why = failures?.map((failure) => failure.reason ?? 'unknown').join('; ');
      throw new TaskNotStarted(`no ${family} task could be started: ${why ?? 'no reason given'}`);
    }
    return arn;
  },
  stop: async (taskArn, reason) => {
    await client.send(new StopTaskCommand({ cluster: placement.cluster, task: taskArn, reason }));
  },
});
