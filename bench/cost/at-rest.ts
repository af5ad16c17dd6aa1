/**
 * The bill of a month without a study, from the resources of the synthesised templates. Every type of resource has
 * its price here or stands in the list of those that cost nothing by being there: a new one is noticed.
 */
import type { TemplateResource } from '../../infra/synthesis.ts';
import { LISTENER_METRICS, PLATFORM_METRICS } from '../../core/contracts/metrics.ts';
import { total, type Line } from './line.ts';
import { ALLOWANCE, HOURS_PER_MONTH, PRICES } from './prices.ts';

type Resources = ReadonlyMap<string, TemplateResource>;

/** Cost nothing by being there; what their use costs stands in the bill of studies, or is below a cent a month. */
const FREE_TYPES: readonly RegExp[] = [
  /^AWS::IAM::/,
  /^AWS::EC2::(CustomerGateway|EIPAssociation|FlowLog|InternetGateway|LaunchTemplate|Route|RouteTable|SecurityGroup(Ingress|Egress)?|Subnet(RouteTableAssociation|CidrReservation)?|SubnetCidrBlock|TransitGateway(Route(Table.*)?)?|VPC|VPCGatewayAttachment|VPNConnectionRoute|VPNGateway|VPNGatewayRoutePropagation)$/,
  /^AWS::(ApiGateway|ApiGatewayV2|ApplicationAutoScaling|AutoScaling|CodeBuild|Cognito|ECR|Events|Scheduler|SNS)::/,
  /^AWS::ECS::(CapacityProvider|Cluster|ClusterCapacityProviderAssociations|TaskDefinition)$/,
  /^AWS::ElasticLoadBalancingV2::(Listener|TargetGroup)$/,
  /^AWS::Lambda::(Alias|EventInvokeConfig|LayerVersion|Permission|Version)$/,
  /^AWS::Logs::(LogGroup|LogStream|MetricFilter|QueryDefinition|ResourcePolicy)$/,
  /^AWS::(DynamoDB|S3)::/,
  /^AWS::SQS::(Queue|QueuePolicy)$/,
  /^AWS::SSM::Parameter$/,
  /^AWS::StepFunctions::/,
  /^AWS::KMS::Alias$/,
  /^AWS::SecretsManager::(ResourcePolicy|RotationSchedule|SecretTargetAttachment)$/,
  /^AWS::WAFv2::WebACLAssociation$/,
  /^(Custom::|AWS::CloudFormation::)/,
];

/** Event sources ask their queues by long polls of 20 s, five of them at a time as long as there is nothing. */
const POLLS_PER_MONTH = (5 * HOURS_PER_MONTH * 3600) / 20;

/** What the two functions of every minute use when there is nothing to do. */
const EVERY_MINUTE = { runs: 2 * 60 * HOURS_PER_MONTH, seconds: 0.4, gigabytes: 1 } as const;

/** Metrics that exist once for each reason: about as many reasons as a site meets. */
const REASONS = 6;

/** Flow logs of refusals, state machines' failures, the functions' lines of every minute. */
const LOG_GIGABYTES = 1;

const isOne = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const numberAt = (resource: TemplateResource, name: string, otherwise: number): number => {
  const value = resource.Properties?.[name];
  return value === undefined ? otherwise : Number(value);
};

const listLength = (resource: TemplateResource, name: string): number => {
  const value = resource.Properties?.[name];
  return Array.isArray(value) ? value.length : 1;
};

/** A service's tasks: the size stands in the task definition that it refers to, in the same stack. */
const serviceLine = (
  name: string,
  service: TemplateResource,
  resources: Resources,
): Pick<Line, 'how' | 'usd'> => {
  const reference = service.Properties?.['TaskDefinition'];
  const [stack = ''] = name.split('/');
  const id = isOne(reference) ? String(reference['Ref']) : '';
  const task = resources.get(`${stack}/${id}`);
  if (task === undefined) throw new NoPrice([`${name}: its task definition was not found`]);
  const tasks = numberAt(service, 'DesiredCount', 1);
  const vcpus = numberAt(task, 'Cpu', 256) / 1024;
  const gigabytes = numberAt(task, 'Memory', 512) / 1024;
  const storage = task.Properties?.['EphemeralStorage'];
  const disk = Math.max(0, (isOne(storage) ? Number(storage['SizeInGiB']) : 20) - 20);
  const hour =
    vcpus * PRICES.fargateArmVcpuHour +
    gigabytes * PRICES.fargateArmGigabyteHour +
    disk * PRICES.fargateDiskGigabyteHour;
  return {
    how: `${tasks} × (${vcpus} vCPU, ${gigabytes} GB, ${disk} GB more disk)`,
    usd: tasks * hour * HOURS_PER_MONTH,
  };
};

/** A standard alarm is priced by its metrics; metric math has several. */
const alarmMetrics = (alarm: TemplateResource): number => {
  const metrics = alarm.Properties?.['Metrics'];
  return Array.isArray(metrics)
    ? metrics.filter((metric) => isOne(metric) && 'MetricStat' in metric).length
    : 1;
};

type Price = (
  resource: TemplateResource,
  name: string,
  resources: Resources,
) => Pick<Line, 'how' | 'usd'> & { readonly what: string };

const hourly = (what: string, price: number, count = 1) => ({
  what,
  how: `${count === 1 ? '' : `${count} × `}${price} per hour`,
  usd: count * price * HOURS_PER_MONTH,
});

const monthly = (what: string, price: number, count = 1) => ({
  what,
  how: `${count === 1 ? '' : `${count} × `}${price} per month`,
  usd: count * price,
});

const PRICED: Readonly<Record<string, Price>> = {
  'AWS::EC2::VPNConnection': () => hourly('VPN connection', PRICES.vpnConnectionHour),
  'AWS::EC2::TransitGatewayAttachment': () =>
    hourly('Transit Gateway attachment', PRICES.transitGatewayAttachmentHour),
  'AWS::EC2::TransitGatewayVpcAttachment': () =>
    hourly('Transit Gateway attachment', PRICES.transitGatewayAttachmentHour),
  'AWS::EC2::NatGateway': () => hourly('NAT gateway', PRICES.natGatewayHour),
  'AWS::EC2::EIP': () => hourly('Public address', PRICES.publicAddressHour),
  'AWS::EC2::VPCEndpoint': (endpoint) =>
    endpoint.Properties?.['VpcEndpointType'] === 'Interface'
      ? hourly(
          'Interface endpoint',
          PRICES.interfaceEndpointHour,
          listLength(endpoint, 'SubnetIds'),
        )
      : monthly('Gateway endpoint', 0),
  'AWS::ElasticLoadBalancingV2::LoadBalancer': () =>
    hourly('Load balancer', PRICES.networkBalancerHour),
  'AWS::ECS::Service': (service, name, resources) => ({
    what: 'Listener on Fargate',
    ...serviceLine(name, service, resources),
  }),
  'AWS::KMS::Key': () => monthly('Key', PRICES.keyMonth),
  'AWS::SecretsManager::Secret': () => monthly('Secret', PRICES.secretMonth),
  'AWS::CloudWatch::Alarm': (alarm) =>
    monthly('Alarms, by metric', PRICES.alarmMetricMonth, alarmMetrics(alarm)),
  'AWS::CloudWatch::CompositeAlarm': () => monthly('Composite alarm', PRICES.compositeAlarmMonth),
  'AWS::CloudWatch::Dashboard': () => monthly('Dashboard', PRICES.dashboardMonth),
  'AWS::Budgets::Budget': () => monthly('Budget', 0),
  'AWS::Budgets::BudgetsAction': () => ({
    what: 'Budget with an action',
    how: `${PRICES.budgetWithActionDay} per day`,
    usd: BUDGET_MONTH,
  }),
  'AWS::Lambda::EventSourceMapping': () => ({
    what: 'Empty polls of queues',
    how: `${Math.round(POLLS_PER_MONTH)} requests`,
    usd: POLLS_PER_MONTH * PRICES.sqsRequest,
  }),
  // Where it keeps warm environments, they would be a price; ours keep none.
  'AWS::Lambda::Function': () => monthly('Function', 0),
};

/** Types of resources that nobody has given a price, in bench/cost/at-rest.ts; `types` holds them all. */
export class NoPrice extends Error {
  override readonly name = 'NoPrice';
  readonly types: readonly string[];

  constructor(types: readonly string[]) {
    super(
      `bench/cost/at-rest.ts has no price for: ${types.join(', ')}; add one, or to the free types`,
    );
    this.types = types;
  }
}

/** Lines of the same thing become one. */
const merged = (lines: readonly Line[]): Line[] => {
  const byWhat = Map.groupBy(
    lines.filter(({ usd }) => usd !== 0),
    ({ what }) => what,
  );
  return [...byWhat].map(([what, same]) => {
    const hows = [...new Set(same.map(({ how }) => how))].join('; ');
    return { what, how: same.length === 1 ? hows : `${same.length} × (${hows})`, usd: total(same) };
  });
};

const METRICS =
  Object.keys(LISTENER_METRICS).length + Object.keys(PLATFORM_METRICS).length + REASONS;

const BUDGET_MONTH = (PRICES.budgetWithActionDay * HOURS_PER_MONTH) / 24;

/** What of it the account has free of charge. */
const allowance = (resources: Resources): Line => {
  const all = [...resources.values()];
  const count = (type: string): number => all.filter(({ Type }) => Type === type).length;
  const alarms = all
    .filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm')
    .reduce((sum, alarm) => sum + alarmMetrics(alarm), 0);
  const { metrics, alarmMetrics: freeAlarms, dashboards, budgetsWithAction } = ALLOWANCE;
  return {
    what: 'What an account has for nothing',
    how: `${metrics} metrics, ${freeAlarms} alarms, ${dashboards} dashboards, ${budgetsWithAction} budgets with an action`,
    usd: -(
      Math.min(metrics, METRICS) * PRICES.metricMonth +
      Math.min(freeAlarms, alarms) * PRICES.alarmMetricMonth +
      Math.min(dashboards, count('AWS::CloudWatch::Dashboard')) * PRICES.dashboardMonth +
      Math.min(budgetsWithAction, count('AWS::Budgets::BudgetsAction')) * BUDGET_MONTH
    ),
  };
};

/** What the programs do by themselves, study or not. */
const running = (): Line[] => {
  const { runs, seconds, gigabytes } = EVERY_MINUTE;
  return [
    monthly('Metrics', PRICES.metricMonth, METRICS),
    {
      what: 'Functions of every minute',
      how: `${runs} × ${seconds} s × ${gigabytes} GB`,
      usd: runs * (PRICES.lambdaRequest + seconds * gigabytes * PRICES.lambdaArmGigabyteSecond),
    },
    {
      what: 'Logs',
      how: `${LOG_GIGABYTES} GB`,
      usd: LOG_GIGABYTES * PRICES.logsIngestedGigabyte,
    },
  ];
};

/** The month's lines, dearest first; throws {@link NoPrice} with all types that have none. */
export const billAtRest = (resources: Resources): Line[] => {
  const unknown = new Set<string>();
  const lines = [...resources].flatMap(([name, resource]) => {
    const price = PRICED[resource.Type];
    if (price !== undefined) return [price(resource, name, resources)];
    if (!FREE_TYPES.some((type) => type.test(resource.Type))) unknown.add(resource.Type);
    return [];
  });
  if (unknown.size > 0) throw new NoPrice([...unknown].sort());
  return merged([...lines, ...running(), allowance(resources)]).sort(
    (one, other) => other.usd - one.usd,
  );
};
