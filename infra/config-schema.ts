/**
 * What a site may choose about its deployment, field by field. What changes at run time (AE titles, services) is
 * not here: see core/contracts/configuration.ts. Problems between fields: config-checks.ts.
 */
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { z } from 'zod';
import { DEFAULT_DEPLOYMENT } from '../core/contracts/names.ts';
import { OperationsConfig } from './operations-config.ts';

/** The listener's health over HTTP: a TCP check on a DIMSE port would count as an association. */
export const LISTENER_HEALTH_PORT = 8080;

/** Identifiers of EC2: eight hexadecimal digits in old accounts, else seventeen. */
const awsId = (kind: string): RegExp => new RegExp(`^${kind}-([0-9a-f]{8}|[0-9a-f]{17})$`);

/** A site at the other end of a VPN. */
const RemoteSite = z.strictObject({
  /** A word of its own, part of resource names. */
  name: z.string().regex(/^[a-z][a-z0-9-]*$/, 'small letters, digits and hyphens'),
  /** Public IPv4 address of the site's VPN device. */
  address: z.ipv4(),
  /** Of the site's device, for BGP. */
  asn: z.int().min(1).max(4_294_967_294).default(65_000),
  /** Networks of the site's modalities: the only ones that may call the listener. */
  networks: z.array(z.cidrv4()).min(1),
});
export type RemoteSite = z.infer<typeof RemoteSite>;

/** How the hospital's networks reach the VPC. */
const Connection = z.discriminatedUnion('kind', [
  /** Not at all, or in a way that is there already: an existing VPC with its own attachments. */
  z.strictObject({ kind: z.literal('none') }),
  /** One VPN gateway of the VPC; each site has a connection with two tunnels. */
  z.strictObject({
    kind: z.literal('site-to-site'),
    /** `static` is for devices without BGP: their networks are routed as they are written here. */
    routing: z.enum(['bgp', 'static']).default('bgp'),
    sites: z.array(RemoteSite).min(1).max(10),
  }),
  /** Several sites, or several VPCs: a Transit Gateway, new or there already. */
  z.strictObject({
    kind: z.literal('transit-gateway'),
    id: z.string().regex(awsId('tgw')).optional(),
    /** Sites with a VPN of their own; what hangs on an existing gateway already is in `modalityCidrs`. */
    sites: z.array(RemoteSite).max(50).default([]),
  }),
]);
export type Connection = z.infer<typeof Connection>;

const ExistingVpc = z.strictObject({
  vpcId: z.string().regex(awsId('vpc')),
  cidr: z.cidrv4(),
  /** Names, such as eu-central-1a: one for each subnet. */
  availabilityZones: z.array(z.string()).min(1).max(3),
  /** Private subnets of tasks and load balancer, with a way to the AWS APIs. */
  subnetIds: z.array(z.string().regex(awsId('subnet'))).min(1),
});

const Network = z
  .strictObject({
    /** A VPC that is there; without it, a new one is made. Written out, so that synthesis looks nothing up. */
    existing: ExistingVpc.optional(),
    /** Of the new VPC. */
    cidr: z.cidrv4().default('10.61.0.0/16'),
    availabilityZones: z.int().min(1).max(2).default(2),
    /** How tasks reach the AWS APIs that have no gateway endpoint. Default: as the profile says. */
    egress: z.enum(['nat', 'endpoints']).optional(),
    natGateways: z.int().min(1).max(2).default(1),
    connection: Connection.default({ kind: 'none' }),
    /** Further networks that may call the listener, beside those of the connection's sites. */
    modalityCidrs: z.array(z.cidrv4()).default([]),
  })
  .prefault({});

/** DICOM over TLS. Certificate and key are in a secret that this makes and a person fills: docs/deploy.md. */
const ListenerTls = z.strictObject({
  /** Beside the plain one; DICOM's registered port for TLS. */
  port: z.int().min(1).max(65_535).default(2762),
  /** Whether a secret without the authority of clients' certificates is refused. With it, clients need one anyhow. */
  requireClientCertificates: z.boolean().default(false),
});

const Listener = z
  .strictObject({
    /** TCP port that modalities call. */
    port: z.int().min(1).max(65_535).default(11_112),
    /** Without it, there is no port for TLS. */
    tls: ListenerTls.optional(),
    /** Fixed addresses in an existing VPC, one for each of its subnets. A new VPC has them by itself. */
    addresses: z.array(z.ipv4()).optional(),
    cpu: z.int().default(512),
    memoryMiB: z.int().default(1024),
    /** Spool of received instances on disk (Fargate: 21 to 200). */
    spoolGiB: z.int().min(21).max(200).default(30),
    /** Tasks at rest. Default: as the profile says. */
    tasks: z.int().min(1).optional(),
    /** Tasks under load: one more is started when associations fill more than 60 % of what there is. */
    maxTasks: z.int().min(1).max(20).default(4),
    /** Associations that one task takes at a time. */
    maximumAssociations: z.int().min(1).max(4096).default(64),
    /** A replaced task keeps its associations for this long: a deployment takes at least as long. */
    drainSeconds: z.int().min(0).max(3600).default(900),
  })
  .prefault({});

const Runners = z
  .strictObject({
    cpu: z.int().default(1024),
    memoryMiB: z.int().default(4096),
    diskGiB: z.int().min(21).max(200).default(50),
    /** Jobs that one runner of the worker `default` works on at a time. */
    slots: z.int().min(1).default(4),
    maxRunners: z.int().min(1).default(4),
    /** An idle runner stays for this long. */
    lingerSeconds: z.int().min(0).default(300),
  })
  .prefault({});

const Gpu = z
  .strictObject({
    /** `auto-scaling-group` is for Regions without Managed Instances, or hosts of one's own making. */
    kind: z.enum(['managed-instances', 'auto-scaling-group', 'none']).default('managed-instances'),
    /** As EC2 names them, `*` allowed; an Auto Scaling group takes whole names only. */
    instanceTypes: z.array(z.string()).min(1).default(['g6.*', 'g5.*']),
    /** Whether jobs below priority `higher` may run on Spot capacity, in a pool of its own. */
    spot: z.boolean().default(false),
    minVcpus: z.int().min(1).default(4),
    minMemoryMiB: z.int().min(1024).default(16_384),
    diskGiB: z.int().min(30).default(200),
    /** Of each pool of an Auto Scaling group. */
    maxInstances: z.int().min(1).default(4),
    /** An instance without tasks is given back after this long: 0 to 3600. */
    scaleInAfterSeconds: z.int().min(0).max(3600).default(600),
  })
  .prefault({});

/** Who says who a caller of the API is. */
const Identity = z.discriminatedUnion('kind', [
  /** A user pool of the deployment's own: people with a second factor, programs with a secret. */
  z.strictObject({
    kind: z.literal('cognito'),
    /** First part of the sign-in page's address; unique in the Region. Default: deployment and account. */
    domainPrefix: z
      .string()
      .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)
      .optional(),
  }),
  /** The hospital's own identity provider. */
  z.strictObject({
    kind: z.literal('oidc'),
    issuer: z.url({ protocol: /^https$/ }),
    /** Accepted values of the token's `aud`, or `client_id`. */
    audience: z.array(z.string().min(1)).min(1),
    /** The client by which people sign in to the console; without it, there is no console. */
    console: z
      .strictObject({
        authorizationEndpoint: z.url({ protocol: /^https$/ }),
        tokenEndpoint: z.url({ protocol: /^https$/ }),
        /** A public client (PKCE, no secret) whose redirect address is the output `ConsoleAddress`. */
        clientId: z.string().min(1),
        /** Words with spaces between them, such that access tokens have an accepted `aud`. */
        scope: z.string().min(1).default('openid'),
      })
      .optional(),
  }),
]);

export const SiteConfigSchema = z.strictObject({
  /** The schema for editors, which read it from the file itself. */
  $schema: z.string().optional(),
  /**
   * `lean`: one listener task, one NAT gateway. `standard`: two tasks in two zones, one NAT gateway. `isolated`:
   * two tasks, and no way to the Internet but endpoints of AWS. `embedded` is the cloud on one computer.
   */
  profile: z.enum(['lean', 'standard', 'isolated', 'embedded']).default('standard'),
  /** Where the deployment lives. Default: the Region of the current credentials. */
  region: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d$/)
    .optional(),
  /** Prefix of all names: two deployments in an account need two. */
  deployment: z
    .string()
    .regex(
      /^(?!aws|ecs|fargate)[a-z][a-z0-9-]{0,18}[a-z0-9]$/,
      'small letters, digits and hyphens, at most 20; not beginning with aws, ecs or fargate, which ECS keeps for itself',
    )
    .default(DEFAULT_DEPLOYMENT),
  network: Network,
  listener: Listener,
  runners: Runners,
  gpu: Gpu,
  operations: OperationsConfig,
  api: z.strictObject({ identity: Identity.default({ kind: 'cognito' }) }).prefault({}),
  logRetentionDays: z
    .union([
      z.literal(RetentionDays.ONE_MONTH),
      z.literal(RetentionDays.THREE_MONTHS),
      z.literal(RetentionDays.SIX_MONTHS),
      z.literal(RetentionDays.ONE_YEAR),
    ])
    .default(RetentionDays.THREE_MONTHS),
});
/** A site as it is written: checked field by field, without what its profile adds. */
export type WrittenSite = z.infer<typeof SiteConfigSchema>;

/** A site with what its profile adds. */
export interface SiteConfig extends Omit<WrittenSite, 'network' | 'listener'> {
  readonly network: Omit<WrittenSite['network'], 'egress'> & {
    readonly egress: 'nat' | 'endpoints';
  };
  readonly listener: Omit<WrittenSite['listener'], 'tasks'> & { readonly tasks: number };
  /** Metrics of each task by CloudWatch, which cost more than all of Gantry's own. */
  readonly containerInsights: boolean;
}
