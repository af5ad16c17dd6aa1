/** Who may do what: intents of docs/architecture.md and the invariants H and J, read from the policies. */
import { describe, expect, it } from 'vitest';
import {
  actionsOf,
  allResources,
  statementsOf,
  synthesise,
  type Statement,
} from './synthesised.ts';

const templates = synthesise({});
const orchestration = templates.get('Orchestration')!;
const workers = templates.get('Workers')!;
const listener = templates.get('Listener')!;

/** The patterns of objects with which these let somebody do what the pattern of actions says. */
const objectsOf = (statements: readonly Statement[], action: RegExp): string[] =>
  statements
    .filter((statement) => actionsOf([statement]).some((one) => action.test(one)))
    .flatMap(({ Resource }) => [...JSON.stringify(Resource).matchAll(/"(\/[^"]*\*|\*)"/g)])
    .map(([, pattern = '']) => pattern)
    .sort();

/** By the logical ids of their policies, whoever may do that with objects, and with which. */
const whoMay = (action: RegExp): Map<string, string[]> => {
  const holders = [...allResources(templates)].flatMap(([id, { Type, Properties }]) => {
    if (Type !== 'AWS::IAM::Policy') return [];
    const { Statement: statements } = Properties['PolicyDocument'] as { Statement: Statement[] };
    return [[id, objectsOf(statements, action)] as const];
  });
  return new Map(holders.filter(([, patterns]) => patterns.length > 0));
};

const PUT = /^s3:(Put|\*)/;
const DELETE = /^s3:(Delete|\*)/;

describe('permissions', () => {
  it('let the code of registry functions write its own logs and nothing else', () => {
    const statements = statementsOf(orchestration, /^RegistryRole/);
    const denied = statements.filter(({ Effect }) => Effect === 'Deny');
    const allowed = statements.filter(({ Effect }) => Effect === 'Allow');
    const left = actionsOf(allowed).filter((action) => !actionsOf(denied).includes(action));

    expect(denied).toHaveLength(1);
    expect(denied[0]?.Resource).toBe('*');
    expect(Object.keys(denied[0]?.Condition as object)).toEqual(['ArnLike']);
    expect(JSON.stringify(denied[0]?.Condition)).toMatch(
      /"lambda:SourceFunctionArn":.*:function:gantry-registry-\*"/,
    );
    expect(left).toEqual(['logs:CreateLogStream', 'logs:PutLogEvents']);
    expect(JSON.stringify(allowed)).toContain('RegistryLogs');
  });

  it('let the Lambda service put registry functions into the VPC', () => {
    const allowed = statementsOf(orchestration, /^RegistryRole/).filter(
      ({ Effect }) => Effect === 'Allow',
    );

    expect(actionsOf(allowed).filter((action) => action.startsWith('ec2:'))).toEqual([
      'ec2:AssignPrivateIpAddresses',
      'ec2:CreateNetworkInterface',
      'ec2:DeleteNetworkInterface',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSubnets',
      'ec2:UnassignPrivateIpAddresses',
    ]);
    expect(
      actionsOf(statementsOf(orchestration, /^apifunction/)).filter((action) =>
        action.startsWith('ec2:'),
      ),
    ).toEqual(['ec2:DescribeSecurityGroups', 'ec2:DescribeSubnets', 'ec2:DescribeVpcs']);
  });

  it('let the function behind the only open routes write its own log and nothing else', () => {
    const routes = Object.values(orchestration.findResources('AWS::ApiGatewayV2::Route')) as {
      Properties: { RouteKey: string; AuthorizationType: string; Target: unknown };
    }[];
    const open = routes.filter(({ Properties }) => Properties.AuthorizationType === 'NONE');
    const statements = statementsOf(orchestration, /^consolefunction/);

    expect(open.map(({ Properties }) => Properties.RouteKey).sort()).toEqual([
      'GET /',
      'GET /console/{file}',
    ]);
    for (const { Properties } of open) {
      expect(JSON.stringify(Properties.Target)).toContain('Console');
    }
    expect(actionsOf(statements)).toEqual(['logs:CreateLogStream', 'logs:PutLogEvents']);
  });

  it('never allow everything, and everything of a service only where it has no resources', () => {
    const policies = [...allResources(templates).values()].filter(
      ({ Type }) => Type === 'AWS::IAM::Policy',
    );
    const wide = policies.flatMap(({ Properties }) => {
      const { Statement } = Properties['PolicyDocument'] as {
        Statement: { Action: string | string[]; Resource: unknown; Effect: string }[];
      };
      return Statement.filter(({ Resource }) => Resource === '*').flatMap(({ Action }) => Action);
    });
    // Task tokens, image pulls, traces, reading quotas, interfaces of registry functions and what state machines need for their logs know no resource.
    const known =
      /^(ecs:(RegisterTaskDefinition|DescribeTaskDefinition|ListTasks)$|states:SendTask(Success|Failure)|ecr:GetAuthorizationToken|servicequotas:Get(ServiceQuota|AWSDefaultServiceQuota)$|logs:.*|xray:(Get|Put).*|ec2:(Describe(NetworkInterfaces|Subnets|SecurityGroups|Vpcs)|(Create|Delete|Detach)NetworkInterface|(Una|A)ssignPrivateIpAddresses))$/;

    expect(wide.filter((action) => !known.test(action))).toEqual([]);
  });

  it('let the state machines send to the queues of their definitions only', () => {
    const session = statementsOf(orchestration, /^SessionMachine/);
    const job = statementsOf(orchestration, /^JobMachine/);
    const sends = (statements: typeof session): string =>
      JSON.stringify(
        statements.filter((statement) => actionsOf([statement]).includes('sqs:SendMessage')),
      );

    expect(sends(session)).toContain('PlanRequests');
    expect(sends(session)).toContain('AdvanceRequests');
    expect(sends(session)).not.toContain('StabilityChecks');
    expect(sends(job)).toContain('AdvanceRequests');
    expect(sends(job)).toContain('gantry-work-*');
    expect(sends(job)).not.toContain('PlanRequests');
  });

  it.each(['plan', 'advance', 'tasks'])(
    'let `%s` call versions of itself, and no other function of the platform',
    (name) => {
      const called = statementsOf(orchestration, new RegExp(`^${name}function`))
        .filter((statement) => actionsOf([statement]).includes('lambda:InvokeFunction'))
        .map(({ Resource }) => /:function:([^"]*)/.exec(JSON.stringify(Resource))?.[1]);

      expect(called.filter((one) => one !== 'gantry-registry-*')).toEqual([`gantry-${name}:*`]);
    },
  );

  it('let the API make registry functions with the registry role and with no other', () => {
    const statements = statementsOf(orchestration, /^apifunction/);
    const made = statements.filter((statement) =>
      actionsOf([statement]).includes('lambda:CreateFunction'),
    );
    const passed = statements.filter((statement) =>
      actionsOf([statement]).includes('iam:PassRole'),
    );

    expect(JSON.stringify(made.map(({ Resource }) => Resource))).toContain('gantry-registry-*');
    expect(passed).toHaveLength(1);
    expect(JSON.stringify(passed[0]?.Resource)).toContain('RegistryRole');
    expect(passed[0]?.Condition).toEqual({
      StringEquals: { 'iam:PassedToService': 'lambda.amazonaws.com' },
    });
  });

  it('let nobody but the plan call registry functions', () => {
    const callers = Object.keys(orchestration.findResources('AWS::IAM::Policy')).filter((id) =>
      JSON.stringify(
        statementsOf(orchestration, new RegExp(`^${id}$`)).filter((statement) =>
          actionsOf([statement]).includes('lambda:InvokeFunction'),
        ),
      ).includes('gantry-registry-*'),
    );

    expect(callers).toHaveLength(1);
    expect(callers[0]).toMatch(/^planfunction/);
  });

  it('let nobody delete an object but the reclaimer, and uploads that were read, and files of ended sessions', () => {
    const deleters = [...whoMay(DELETE)].map(
      ([id, patterns]) => [/\/([a-z]+)function/.exec(id)?.[1] ?? id, patterns] as const,
    );

    expect(Object.fromEntries(deleters)).toEqual({
      reclaim: ['/environments/*', '/instances/*', '/unrouted/*'],
      api: ['/uploads/*'],
      // Of whoever ends a session, and the sweep for what is kept of failed ones.
      advance: ['/sessions/*/files/*'],
      sweep: ['/sessions/*/files/*'],
    });
  });

  it('let the listener write instances and read manifests, and delete nothing', () => {
    const actions = actionsOf(statementsOf(listener, /TaskTaskRole/));

    expect(actions.some((action) => action.startsWith('s3:Delete'))).toBe(false);
    expect(actions).toContain('s3:PutObject');
  });

  it('let runners write results and the environments that they share, and delete no object', () => {
    const statements = statementsOf(workers, /TaskRole/);

    expect(actionsOf(statements).some((action) => action.startsWith('s3:Delete'))).toBe(false);
    expect(objectsOf(statements, PUT)).toEqual(['/environments/*', '/sessions/*']);
  });

  it('let nobody but runners write what other sessions’ code runs from', () => {
    const writers = [...whoMay(PUT)].filter(([, patterns]) =>
      patterns.some((pattern) => /^(\/environments)?\/?\*$/.test(pattern)),
    );

    expect(writers).toHaveLength(1);
    expect(writers[0]?.[0]).toMatch(/^Workers\/DefaultRunnerTaskRole/);
  });
});
