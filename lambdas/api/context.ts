/** What the routes work with; index.ts builds it once from the environment. */
import type { Logger } from '@aws-lambda-powertools/logger';
import type { ConfigurationStore } from '../../aws/configuration.ts';
import type { Table } from '../../aws/table.ts';
import type { ProcessorAnswer, ProcessorQuestion } from '../../core/contracts/deliveries.ts';
import type { GpuCapacity } from '../../core/contracts/gpu-capacity.ts';
import type { PlatformVersions } from '../../core/contracts/platform-versions.ts';
import type {
  Clock,
  Executions,
  ObjectStore,
  Queues,
  WorkQueues,
} from '../../core/contracts/ports.ts';
import type { AdmitInstance } from '../../core/processors/admission.ts';
import type { AccountCheck } from '../../core/operations/account-checks.ts';
import type { CacheStore } from '../../core/processors/extension/cache.ts';
import type { DeliveryStore, HandOver } from '../../core/processors/extension/delivery-store.ts';
import type { GroupStore } from '../../core/processors/group-store.ts';
import type { ReclaimStore } from '../../core/processors/reclaim-store.ts';
import type { RunnerPool } from '../../core/running/runner-pool.ts';
import type { WorkerImages } from '../../core/running/worker-image.ts';
import type { SessionDataStore, SessionStore } from '../../core/running/session-store.ts';

/** The functions that run the registry callbacks of service versions. */
export interface RegistryFunctions {
  /**
   * Makes the function of a service version from its code (a zip in the data bucket that holds the package
   * `service_registry`), and waits until it can be called. One that is there already is left as it is.
   */
  ensure(functionName: string, codeKey: string, description: string): Promise<void>;
}

export interface ApiContext {
  readonly version: string;
  readonly deployment: string;
  readonly table: Table;
  readonly configuration: ConfigurationStore;
  readonly groups: GroupStore;
  readonly reclaims: ReclaimStore;
  readonly deliveries: DeliveryStore;
  readonly cache: CacheStore;
  /** Of the AWS account; nothing where there is none. */
  readonly checkAccount: () => Promise<AccountCheck[]>;
  readonly handOver: HandOver;
  /** The site's job processors, which run in a function of their own. */
  readonly processors: {
    readonly check: (question: ProcessorQuestion) => Promise<ProcessorAnswer>;
  };
  readonly processorsQueueUrl: string;
  /** Puts an instance that a person routed into a group, as the listener does with what arrives. */
  readonly admit: AdmitInstance;
  readonly sessions: Pick<
    SessionStore,
    | 'createSession'
    | 'getSession'
    | 'getJobs'
    | 'getJob'
    | 'listSessions'
    | 'listSessionsOfStudy'
    | 'requestCancel'
    | 'cancelJob'
    | 'retrySession'
  >;
  readonly sessionData: Pick<SessionDataStore, 'keepUntil' | 'isKept'>;
  readonly executions: Pick<Executions, 'start' | 'stop'>;
  readonly sessionMachineArn: string;
  /** With which a session begins; undefined where nothing has versions. */
  readonly platformVersions?: PlatformVersions | undefined;
  readonly jobMachineArn: string;
  readonly advanceQueueUrl: string;
  readonly objects: ObjectStore;
  readonly queues: Queues;
  readonly registryFunctions: RegistryFunctions;
  readonly workQueues: WorkQueues;
  readonly runners: Pick<RunnerPool, 'liveLeases' | 'removeAllLeases'>;
  /** Of workers that do not say how many. */
  readonly runnerDefaults: { readonly slots: number; readonly maxRunners: number };
  readonly gpuCapacity: GpuCapacity;
  readonly workerImages: WorkerImages;
  /** Undefined where no images are made. */
  readonly imageMachineArn: string | undefined;
  /** Of tasks whose worker asks for nothing: units of CPU, and MiB. */
  readonly runnerSize: { readonly cpu: number; readonly memoryMiB: number };
  readonly stabilityChecksQueueUrl: string;
  /** Queues to tell about in the status, by the name to show. */
  readonly platformQueues: Readonly<Record<string, string>>;
  /** URL of a work queue without the `<worker>-<priority>` at its end. */
  readonly workQueueUrlPrefix: string;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** A folder for the files of one request; it is emptied afterwards. */
  readonly temporaryDirectory: string;
}
