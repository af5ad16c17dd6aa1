/** The stacks of a site as templates, without bundling: what the code of a function is, is tested elsewhere. */
import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { siteApp } from '../../infra/synthesis.ts';

type Templates = ReadonlyMap<string, Template>;

const synthesiseAnew = (site: object | string): Templates => {
  const app = siteApp(site);
  app.synth();
  const stacks = app.node.children.filter((child) => Stack.isStack(child));
  return new Map(stacks.map((stack) => [stack.node.id, Template.fromStack(stack)]));
};

const synthesised = new Map<string, Templates>();

/** By stack name. The same site is synthesised once for all files of a worker: tests only read its templates. */
export const synthesise = (site: object | string): Templates => {
  const key = JSON.stringify(site);
  const templates = synthesised.get(key) ?? synthesiseAnew(site);
  synthesised.set(key, templates);
  return templates;
};

export interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

/** All resources of all stacks by `<stack>/<logical id>`. */
export const allResources = (templates: Templates): Map<string, Resource> =>
  new Map(
    [...templates].flatMap(([stack, template]) => {
      const { Resources = {} } = template.toJSON() as { Resources?: Record<string, Resource> };
      return Object.entries(Resources).map(
        ([id, resource]) => [`${stack}/${id}`, resource] as const,
      );
    }),
  );

export interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

/** What the role of a function, of a machine or of a task may do: statements of the policies named after it. */
export const statementsOf = (template: Template, holder: RegExp): Statement[] =>
  Object.entries(template.findResources('AWS::IAM::Policy'))
    .filter(([id]) => holder.test(id))
    .flatMap(([, policy]) => {
      const { Properties } = policy as {
        Properties: { PolicyDocument: { Statement: Statement[] } };
      };
      return Properties.PolicyDocument.Statement;
    });

export const actionsOf = (statements: readonly Statement[]): string[] =>
  statements.flatMap(({ Action }) => Action).sort();

/** How many resources of a type have these properties (and maybe more). */
export const countMatching = (template: Template, type: string, properties: object): number =>
  Object.keys(template.findResources(type, { Properties: properties })).length;
