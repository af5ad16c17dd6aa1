/**
 * Findings of the rule packs (AwsSolutions, HIPAA.Security) that are as they should be, each with its reason, at
 * the construct that has them. What is neither met nor acknowledged fails test/infra/rules.test.ts.
 */
import { Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Reasons by the finding's id, such as `AwsSolutions-VPC7`. */
export const acknowledge = (
  construct: IConstruct,
  reasons: Readonly<Record<string, string>>,
): void => {
  for (const [id, reason] of Object.entries(reasons)) {
    Validations.of(construct).acknowledge({ id, reason });
  }
};

/** Of task definitions. */
export const PLAIN_ENVIRONMENT =
  'The environment has names and addresses of resources and numbers; what is secret is read from Secrets Manager.';
