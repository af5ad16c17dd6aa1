/**
 * The month's budget, and what happens at its end: a policy that forbids starting tasks is put on the roles that start
 * them. Images are still received and stored; their jobs wait until the policy is taken away again.
 */
import { Stack } from 'aws-cdk-lib';
import { CfnBudget, CfnBudgetsAction } from 'aws-cdk-lib/aws-budgets';
import {
  Effect,
  ManagedPolicy,
  PolicyStatement,
  Role,
  ServicePrincipal,
  type IRole,
} from 'aws-cdk-lib/aws-iam';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import type { SiteConfig } from '../config.ts';

export interface CostBudgetProps {
  readonly config: SiteConfig;
  readonly topic: ITopic;
  /** Roles of the functions that start workers. */
  readonly starters: readonly IRole[];
}

export const costBudget = (
  scope: Construct,
  id: string,
  { config, topic, starters }: CostBudgetProps,
): void => {
  const { deployment, operations } = config;
  const toTopic = [{ subscriptionType: 'SNS', address: topic.topicArn }];
  const at = (notificationType: 'ACTUAL' | 'FORECASTED', threshold: number) => ({
    notification: {
      notificationType,
      threshold,
      thresholdType: 'PERCENTAGE',
      comparisonOperator: 'GREATER_THAN',
    },
    subscribers: toTopic,
  });
  const budget = new CfnBudget(scope, id, {
    budget: {
      budgetName: `${deployment}-month`,
      budgetType: 'COST',
      timeUnit: 'MONTHLY',
      budgetLimit: { amount: operations.monthlyBudgetUsd, unit: 'USD' },
      // Of this deployment alone, once its tag is activated for cost allocation: docs/deploy.md.
      costFilters: { TagKeyValue: [`user:gantry:deployment$${deployment}`] },
    },
    notificationsWithSubscribers: [at('ACTUAL', 80), at('FORECASTED', 100)],
  });

  const noTasks = new ManagedPolicy(scope, `${id}NoTasks`, {
    description: 'Put on by the budget: no worker is started until somebody takes it away',
    statements: [
      new PolicyStatement({ effect: Effect.DENY, actions: ['ecs:RunTask'], resources: ['*'] }),
    ],
  });
  const executor = new Role(scope, `${id}Executor`, {
    description: 'AWS Budgets: may put one policy on the roles that start workers',
    assumedBy: new ServicePrincipal('budgets.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
  });
  executor.addToPolicy(
    new PolicyStatement({
      actions: ['iam:AttachRolePolicy', 'iam:DetachRolePolicy'],
      resources: starters.map(({ roleArn }) => roleArn),
      conditions: { ArnEquals: { 'iam:PolicyARN': noTasks.managedPolicyArn } },
    }),
  );
  new CfnBudgetsAction(scope, `${id}Action`, {
    actionType: 'APPLY_IAM_POLICY',
    actionThreshold: { type: 'PERCENTAGE', value: 100 },
    approvalModel: operations.budgetAction === 'approve' ? 'MANUAL' : 'AUTOMATIC',
    budgetName: budget.ref,
    definition: {
      iamActionDefinition: {
        policyArn: noTasks.managedPolicyArn,
        roles: starters.map(({ roleName }) => roleName),
      },
    },
    executionRoleArn: executor.roleArn,
    notificationType: 'ACTUAL',
    subscribers: [{ type: 'SNS', address: topic.topicArn }],
  });
};
