/** Every role of a site as text: who assumes it, and what it may do to which resource. It may do nothing else. */
import { Stack, type App } from 'aws-cdk-lib';
import { CfnPolicy, CfnRole } from 'aws-cdk-lib/aws-iam';

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource?: unknown;
  readonly Condition?: unknown;
}

interface RoleTemplate {
  readonly AssumeRolePolicyDocument: {
    readonly Statement: readonly {
      readonly Principal: { readonly Service: string } | { readonly AWS: unknown };
    }[];
  };
  readonly Description?: string;
  readonly ManagedPolicyArns?: readonly unknown[];
  readonly Policies?: readonly {
    readonly PolicyDocument: { readonly Statement: readonly Statement[] };
  }[];
}

const list = <T>(value: T | readonly T[]): readonly T[] =>
  Array.isArray(value) ? (value as readonly T[]) : [value as T];

/** CDK's logical ids end in eight hexadecimal digits that say nothing. */
const plain = (id: string): string => id.replace(/[0-9A-F]{8}$/, '');

const imported = (name: string): string => {
  const [stack = '', output = ''] = name.split(':');
  const parts = /^ExportsOutput(?:FnGetAtt|Ref)(\w+?)[0-9A-F]{8}(?:(\w*?)[0-9A-F]{8})?$/.exec(
    output,
  );
  return `${stack.replace(/^.*-/, '')}.${parts?.[1] ?? output}`;
};

/** A resolved value of a template as a person would write it. */
const text = (value: unknown): string => {
  if (typeof value !== 'object' || value === null) return String(value);
  const [[name, argument] = ['', '']] = Object.entries(value);
  switch (name) {
    case 'Ref':
      return plain(String(argument))
        .replace('AWS::AccountId', 'ACCOUNT')
        .replace('AWS::Partition', 'aws');
    case 'Fn::Sub':
      return String(argument).replace('${AWS::AccountId}', 'ACCOUNT');
    case 'Fn::GetAtt':
      return plain((argument as readonly string[])[0] ?? '');
    case 'Fn::ImportValue':
      return imported(String(argument));
    case 'Fn::Join': {
      const [separator, parts] = argument as readonly [string, readonly unknown[]];
      return parts.map(text).join(separator);
    }
    default:
      return JSON.stringify(value);
  }
};

const condition = (value: unknown): string =>
  Object.entries(value as Record<string, Record<string, unknown>>)
    .flatMap(([, tests]) =>
      Object.entries(tests).map(
        ([key, expected]) => `\`${key}\` is \`${list(expected).map(text).join(', ')}\``,
      ),
    )
    .join(' and ');

const sentence = ({ Effect, Action, Resource, Condition }: Statement): string => {
  const actions = list(Action).map((action) => `\`${action}\``);
  const resources = list(Resource).map((resource) => `\`${text(resource)}\``);
  const when = Condition === undefined ? '' : ` if ${condition(Condition)}`;
  return `- ${Effect === 'Deny' ? 'never ' : ''}${actions.join(', ')} on ${resources.join(', ')}${when}`;
};

const describeRole = (role: CfnRole, policies: readonly CfnPolicy[]): string => {
  const stack = Stack.of(role);
  const properties = (element: CfnRole | CfnPolicy): unknown => {
    const { Resources } = stack.resolve(element._toCloudFormation()) as {
      Resources: Record<string, { Properties: unknown }>;
    };
    return Object.values(Resources)[0]?.Properties;
  };
  const template = properties(role) as RoleTemplate;
  const attached = policies
    .map(
      (policy) =>
        properties(policy) as {
          Roles?: { Ref?: string }[];
          PolicyDocument: { Statement: Statement[] };
        },
    )
    .filter(({ Roles = [] }) => Roles.some(({ Ref }) => Ref === stack.resolve(role.logicalId)));
  const statements = [
    ...(template.Policies ?? []).flatMap(({ PolicyDocument }) => PolicyDocument.Statement),
    ...attached.flatMap(({ PolicyDocument }) => PolicyDocument.Statement),
  ];
  const services = template.AssumeRolePolicyDocument.Statement.map(
    ({ Principal }) => `\`${'Service' in Principal ? Principal.Service : text(Principal.AWS)}\``,
  );
  const lines = [
    ...(template.ManagedPolicyArns ?? []).map((arn) => `- what AWS says in \`${text(arn)}\``),
    ...statements.map(sentence),
  ];
  return [
    `## ${role.node.path.replace(/\/Resource$/, '')}`,
    [
      ...(template.Description === undefined ? [] : [`${template.Description}.`]),
      `Assumed by ${services.join(', ')}.`,
    ].join(' '),
    lines.length === 0 ? 'It may do nothing.' : lines.join('\n'),
  ].join('\n\n');
};

const HEAD = `# Roles

Every role of a deployment (\`examples/sites/hospital.json\`), who assumes it, and what it may do to which resource. A role may do nothing
that is not here. Made by \`npm run review\`; a test compares it with the templates.

Two have no role at all: the containers of a docker worker's task (\`Orchestration/DockerJob\` is no task's; of its credentials \`fetch\` and \`report\` get those of their own session), and what a job's Python starts in a runner, which is kept from the runner's credentials.`;

/** The roles of all stacks, in the order of their paths, as Markdown. */
export const roleTable = (app: App): string => {
  // What aspects and references between stacks add is there only afterwards.
  app.synth();
  const all = app.node.findAll();
  const policies = all.filter((one) => one instanceof CfnPolicy);
  const roles = all
    .filter((one) => one instanceof CfnRole)
    .sort((one, other) => (one.node.path < other.node.path ? -1 : 1));
  const sections = roles.map((role) =>
    describeRole(
      role,
      policies.filter((policy) => Stack.of(policy) === Stack.of(role)),
    ),
  );
  return `${[HEAD, ...sections].join('\n\n')}\n`;
};
