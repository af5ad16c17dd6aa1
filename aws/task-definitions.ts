/** Task definitions of ECS: one family for each version of a docker worker, registered when it is first needed. */
import {
  ClientException,
  DescribeTaskDefinitionCommand,
  RegisterTaskDefinitionCommand,
  type ECSClient,
  type RegisterTaskDefinitionCommandInput,
} from '@aws-sdk/client-ecs';
import type { TaskDefinition } from '../core/running/docker-task.ts';

export const ecsTaskDefinitions = (client: ECSClient) => ({
  /** Registers it unless its family is there: a family's name has the hash of all that its definition is made from. */
  ensure: async (definition: TaskDefinition): Promise<void> => {
    try {
      await client.send(new DescribeTaskDefinitionCommand({ taskDefinition: definition.family }));
      return;
    } catch (error) {
      if (!(error instanceof ClientException)) throw error;
    }
    // The SDK's types are mutable arrays of the same shape.
    const input = structuredClone(definition) as unknown as RegisterTaskDefinitionCommandInput;
    await client.send(new RegisterTaskDefinitionCommand(input));
  },
});
