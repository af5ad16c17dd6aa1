/** What the rule packs AwsSolutions and HIPAA.Security find in a site, and what of it is as it should be. */
import { Validations, type App } from 'aws-cdk-lib';
import { AwsSolutionsChecks, HIPAASecurityChecks } from 'cdk-nag';
import { WILDCARDS } from './wildcards.ts';

export interface Finding {
  /** `AwsSolutions-VPC7`; of a wildcard `AwsSolutions-IAM5[Resource::…]`. */
  readonly rule: string;
  /** Path of the construct. */
  readonly construct: string;
}

/** Those that no construct acknowledges. */
export const findingsOf = (app: App): Finding[] => {
  // What aspects add is there only afterwards.
  app.synth();
  return [new AwsSolutionsChecks(app), new HIPAASecurityChecks(app)].flatMap((pack) =>
    pack.validateScope(app).violations.flatMap(({ ruleName, violatingResources = [] }) =>
      violatingResources.map((resource) => ({
        rule: ruleName,
        construct: (resource as unknown as { constructPath: string }).constructPath,
      })),
    ),
  );
};

const wildcardOf = (rule: string): string | undefined =>
  /^AwsSolutions-IAM5\[(.*)\]$/.exec(rule)?.[1];

/** Why a policy may have this wildcard; undefined for any other finding. */
export const reasonFor = ({ rule, construct }: Finding): string | undefined => {
  const wildcard = wildcardOf(rule);
  return wildcard === undefined
    ? undefined
    : WILDCARDS.find(
        ({ form, holders }) => form.test(wildcard) && (holders?.test(construct) ?? true),
      )?.reason;
};

/** Rules that constructs acknowledge, each with its reason there. */
export const acknowledgements = (app: App): number =>
  app.node
    .findAll()
    .flatMap(({ node }) => node.metadata)
    .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
    .reduce((count, { data }) => count + Object.keys(data as object).length, 0);
