/**
 * The names of deployed resources and of environment variables, built in one place and used by the CDK
 * app and by the programs alike, so that a misspelt one is a compile error. `deployment` is the prefix
 * that lets two deployments share an account; it is `gantry` unless the site says otherwise.
 */
import { shortHash } from './keys.ts';
import type { Priority } from './vocabulary.ts';

export const DEFAULT_DEPLOYMENT = 'gantry';

/** The worker that exists from the first deployment on: the platform's own Python. */
export const DEFAULT_WORKER = 'default';

/** The pipeline of an AE title that names none: all installed services. */
export const DEFAULT_PIPELINE = 'default';

/** Built in: groups by a key and a quiet time; what an AE title has if none is named. */
export const GROUPING_PROCESSOR = 'ae-title';

/** Built in: collects, and never releases by itself. */
export const CACHE_PROCESSOR = 'cache';

/** SQS has 80 characters for a queue's name; deployment, priority and `-dead-letters` take the others. */
const MAX_WORKER_PART = 28;
const WORKER_HASH_LENGTH = 8;

/** A worker's name as a part of resource names: as it is if that is possible, else what is left of it, and a hash. */
const workerPart = (worker: string): string =>
  worker.length <= MAX_WORKER_PART && /^[A-Za-z0-9_-]+$/.test(worker)
    ? worker
    : `${worker
        .replace(/[^A-Za-z0-9_-]/g, '_')
        .slice(
          0,
          MAX_WORKER_PART - WORKER_HASH_LENGTH - 1,
        )}-${shortHash(worker, WORKER_HASH_LENGTH)}`;

/** What follows `<deployment>-work-` in the name and the URL of a work queue. */
export const workQueueSuffix = (worker: string, priority: Priority): string =>
  `${workerPart(worker)}-${priority}`;

/** Of a docker worker's image; `build` is the execution that makes it. */
export const workerImageTag = (worker: string, build: string): string =>
  `${build}-${workerPart(worker)}`;

export const resourceNames = (deployment: string) => ({
  table: `${deployment}-table`,
  stabilityChecksQueue: `${deployment}-stability-checks`,
  planQueue: `${deployment}-plan`,
  advanceQueue: `${deployment}-advance`,
  processorsQueue: `${deployment}-processors`,
  sessionMachine: `${deployment}-session`,
  jobMachine: `${deployment}-job`,
  /** Tasks to start for docker workers' jobs, and tasks that have stopped. */
  tasksQueue: `${deployment}-tasks`,
  cluster: `${deployment}-workers`,
  listenerFamily: `${deployment}-listener`,
  /** Makes images of docker workers: state machine, CodeBuild project, and where they are. */
  imageMachine: `${deployment}-image`,
  imageProject: `${deployment}-worker-images`,
  workerImageRepository: `${deployment}-workers`,
  registryLayer: `${deployment}-registry-python`,
  registryRole: `${deployment}-registry`,
  dockerExecutionRole: `${deployment}-docker-execution`,
  dockerJobRole: `${deployment}-docker-job`,
  function: (name: string) => `${deployment}-${name}`,
  workQueue: (worker: string, priority: Priority) =>
    `${deployment}-work-${workQueueSuffix(worker, priority)}`,
  deadLetterQueue: (queue: string) => `${queue}-dead-letters`,
  runnerFamily: (worker: string) => `${deployment}-runner-${workerPart(worker)}`,
  /** Of the runners that have GPUs; as with the others, one family for all workers. */
  gpuRunnerFamily: `${deployment}-runner-with-gpu`,
  /** Its kind is in the name: ECS would not take a second provider of one name while the first is replaced. */
  gpuCapacityProvider: (kind: string, purchase: 'on-demand' | 'spot') =>
    `${deployment}-${kind}-${purchase}`,
  /** One family for each version of a docker worker: `hash` is that of all that its definition is made from. */
  dockerFamily: (worker: string, hash: string) =>
    `${deployment}-docker-${workerPart(worker)}-${hash}`,
  /** One function per service version: `hash` is the content hash of the version. */
  registryFunction: (service: string, hash: string) =>
    `${deployment}-registry-${service.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 30)}-${hash.slice(0, 12)}`,
});

/** Where `gantry login` waits on the caller's computer for the answer of the sign-in page, which knows the address. */
export const SIGN_IN_ANSWER = { port: 8976, path: '/signed-in' } as const;

/** The index on which groups are found by due time, sessions by start, unrouted instances by arrival. */
export const STATE_INDEX = 'state';

/** Environment variables of the platform's own programs. Values: docs/architecture.md. */
export const ENV = {
  deployment: 'GANTRY_DEPLOYMENT',
  table: 'GANTRY_TABLE',
  bucket: 'GANTRY_BUCKET',
  stabilityChecksQueueUrl: 'GANTRY_STABILITY_CHECKS_QUEUE_URL',
  planQueueUrl: 'GANTRY_PLAN_QUEUE_URL',
  advanceQueueUrl: 'GANTRY_ADVANCE_QUEUE_URL',
  processorsQueueUrl: 'GANTRY_PROCESSORS_QUEUE_URL',
  processorsFunctionName: 'GANTRY_PROCESSORS_FUNCTION_NAME',
  /** URL of a work queue without the `<worker>-<priority>` at its end. */
  workQueueUrlPrefix: 'GANTRY_WORK_QUEUE_URL_PREFIX',
  tasksQueueUrl: 'GANTRY_TASKS_QUEUE_URL',
  /** Of a task whose worker asks for nothing. */
  runnerCpu: 'GANTRY_RUNNER_CPU',
  runnerMemoryMiB: 'GANTRY_RUNNER_MEMORY_MIB',
  /** Of docker workers' tasks: image of `fetch` and `report`, role, log group. */
  taskImage: 'GANTRY_TASK_IMAGE',
  taskExecutionRoleArn: 'GANTRY_TASK_EXECUTION_ROLE_ARN',
  taskLogGroup: 'GANTRY_TASK_LOG_GROUP',
  /** Of docker jobs' credentials: the role that is assumed for each, and what its policy names. */
  taskJobRoleArn: 'GANTRY_TASK_JOB_ROLE_ARN',
  tableArn: 'GANTRY_TABLE_ARN',
  bucketArn: 'GANTRY_BUCKET_ARN',
  tasksQueueArn: 'GANTRY_TASKS_QUEUE_ARN',
  /** See core/contracts/gpu-capacity.ts; and the size of a task with GPUs whose worker asks for none. */
  gpuKind: 'GANTRY_GPU_KIND',
  gpuSpot: 'GANTRY_GPU_SPOT',
  gpuTaskCpu: 'GANTRY_GPU_TASK_CPU',
  gpuTaskMemoryMiB: 'GANTRY_GPU_TASK_MEMORY_MIB',
  sessionMachineArn: 'GANTRY_SESSION_MACHINE_ARN',
  /** JSON of the versions that sessions begin with, see platform-versions.ts. Not set where there are none. */
  platformVersions: 'GANTRY_PLATFORM_VERSIONS',
  /** Absent in the embedded cloud, which makes no images. */
  imageMachineArn: 'GANTRY_IMAGE_MACHINE_ARN',
  jobMachineArn: 'GANTRY_JOB_MACHINE_ARN',
  cluster: 'GANTRY_CLUSTER',
  subnets: 'GANTRY_SUBNETS',
  securityGroups: 'GANTRY_SECURITY_GROUPS',
  registryLayerArn: 'GANTRY_REGISTRY_LAYER_ARN',
  registryRoleArn: 'GANTRY_REGISTRY_ROLE_ARN',
  registryLogGroup: 'GANTRY_REGISTRY_LOG_GROUP',
  /** Of registry functions, which are in the subnets of tasks; absent in the embedded cloud, which has no VPC. */
  registrySecurityGroup: 'GANTRY_REGISTRY_SECURITY_GROUP',
  maxRunners: 'GANTRY_MAX_RUNNERS',
  /** JSON: what `gantry doctor` holds the account against. Not set where there is no account. */
  accountNeeds: 'GANTRY_ACCOUNT_NEEDS',
  runnerSlots: 'GANTRY_RUNNER_SLOTS',
  /** Separated by commas; a runner takes jobs of these priorities only. All unless said. */
  runnerPriorities: 'GANTRY_RUNNER_PRIORITIES',
  runnerLingerSeconds: 'GANTRY_RUNNER_LINGER_SECONDS',
  /** Set by RunTask on each runner: its lease's id, and its worker's name. */
  runnerId: 'GANTRY_RUNNER_ID',
  worker: 'GANTRY_WORKER',
  /** Of the version that a docker job's task is of. */
  workerHash: 'GANTRY_WORKER_HASH',
  workDirectory: 'GANTRY_WORK_DIR',
  python: 'GANTRY_PYTHON',
  /** Of one job's processes together; three quarters of what there is unless set. */
  jobMemoryMiB: 'GANTRY_JOB_MEMORY_MIB',
  /** `required`: a runner that cannot run callbacks under user ids of their own runs none. Else it says so and does. */
  isolation: 'GANTRY_ISOLATION',
  /** `never`: callbacks are in no sandbox, even where there is bubblewrap. */
  sandbox: 'GANTRY_SANDBOX',
  /** Separated by colons: folders that callbacks in a sandbox see as well. */
  sandboxFolders: 'GANTRY_SANDBOX_FOLDERS',
  /** Set by RunTask on `fetch` and `report` of a docker job's task: which run of which job, and who waits for it. */
  jobId: 'GANTRY_JOB_ID',
  jobRun: 'GANTRY_JOB_RUN',
  taskToken: 'GANTRY_TASK_TOKEN',
  /** Where `fetch` and `report` have the volumes of their task. */
  privateVolume: 'GANTRY_PRIVATE_VOLUME',
  moduleVolume: 'GANTRY_MODULE_VOLUME',
  dataVolume: 'GANTRY_DATA_VOLUME',
  sessionVolume: 'GANTRY_SESSION_VOLUME',
  dimseHost: 'GANTRY_DIMSE_HOST',
  dimsePort: 'GANTRY_DIMSE_PORT',
  dimseTlsPort: 'GANTRY_DIMSE_TLS_PORT',
  /** PEM files of the listener's TLS port: chain and key, and whose clients' certificates are asked for. */
  tlsCertificate: 'GANTRY_TLS_CERTIFICATE',
  tlsKey: 'GANTRY_TLS_KEY',
  tlsCa: 'GANTRY_TLS_CA',
  /** Instead of the files: a secret that has them, see tls-secret.ts. */
  tlsSecretArn: 'GANTRY_TLS_SECRET_ARN',
  /** `true`: nothing is taken that has no CA for clients' certificates. */
  tlsRequireClientCertificates: 'GANTRY_TLS_REQUIRE_CLIENT_CERTIFICATES',
  /** Between two readings of files or secret. */
  tlsReloadSeconds: 'GANTRY_TLS_RELOAD_SECONDS',
  healthHost: 'GANTRY_HEALTH_HOST',
  healthPort: 'GANTRY_HEALTH_PORT',
  maximumAssociations: 'GANTRY_MAX_ASSOCIATIONS',
  /** Set by ECS in every task: its container agent. */
  ecsAgentUri: 'ECS_AGENT_URI',
  spoolDirectory: 'GANTRY_SPOOL_DIR',
  /** Bytes that have to stay free on the disk of the spool; else instances are refused. */
  spoolReserve: 'GANTRY_SPOOL_RESERVE_BYTES',
  /** JSON of the settings that the console is told. */
  consoleSettings: 'GANTRY_CONSOLE_SETTINGS',
} as const;
