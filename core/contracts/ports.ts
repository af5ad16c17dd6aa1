/**
 * What the programs need of the world around them, as interfaces. The folder aws/ implements each with the
 * AWS SDK; nothing above core knows which SDK that is. Stores with rules of their own (groups, sessions) are
 * declared beside those rules.
 */
import type { Readable } from 'node:stream';

/** The time in milliseconds since the epoch. Passed in, so that tests can hold it. */
export type Clock = () => number;

/** What an object is made of: bytes, pieces one after the other, a file that does not change any more, or a stream. */
export type ObjectBody = Uint8Array | readonly Uint8Array[] | { readonly file: string } | Readable;

/** Objects in the data bucket. */
export interface ObjectStore {
  getJson(key: string): Promise<unknown>;
  putJson(key: string, value: unknown): Promise<void>;
  /** False when the key exists already; nothing is written then. */
  putJsonIfAbsent(key: string, value: unknown): Promise<boolean>;
  getBytes(key: string): Promise<Uint8Array>;
  /** Of an object that is longer, `firstBytes` may be all that comes. */
  getStream(key: string, firstBytes?: number): Promise<Readable>;
  /** `length` in bytes is that of the whole body: a put is one request with a known length. */
  put(
    key: string,
    body: ObjectBody,
    options: { length: number; contentType: string; signal?: AbortSignal },
  ): Promise<void>;
  /** At most 5 GiB; what is at `to` is replaced. */
  copy(from: string, to: string): Promise<void>;
  /** Size in bytes, or undefined when there is no such object. */
  size(key: string): Promise<number | undefined>;
  /** A URL to which the holder can PUT one object for `seconds`. */
  uploadUrl(key: string, seconds: number): Promise<string>;
  delete(keys: readonly string[]): Promise<void>;
}

/** Which objects there are in the data bucket. */
export interface ObjectListing {
  /** All keys that begin with `prefix`. */
  keys(prefix: string): Promise<string[]>;
}

/** Likewise, with the times of their puts. */
export interface DatedObjectListing {
  /** All objects whose keys begin with `prefix`; the time in milliseconds. */
  dated(prefix: string): Promise<{ readonly key: string; readonly modifiedAt: number }[]>;
}

/** Received instances by what a sender knows of them. */
export interface StoredInstances {
  /**
   * Each version of a SOP instance that has an item of the AE title, routed or not; strongly consistent.
   * That its object is there too is not looked at.
   */
  find(
    aeTitle: string,
    sopInstanceUid: string,
  ): Promise<
    readonly { readonly sopClassUid: string; readonly objectKey: string; readonly sha256: string }[]
  >;
}

/** A queue message is JSON; the delay is in whole seconds, 0 to 900 (SQS's limit). */
export interface Queues {
  send(queueUrl: string, message: unknown, delaySeconds?: number): Promise<void>;
  /** About how many messages are waiting, and how many are being worked on. */
  depth(queueUrl: string): Promise<{ waiting: number; inFlight: number; delayed: number }>;
}

/** The queues of workers, one for each priority, that are installed at run time. */
export interface WorkQueues {
  /** Those that are there already are left as they are. */
  ensure(worker: string): Promise<void>;
  /** With the messages in them; those that are not there are no failure. */
  remove(worker: string): Promise<void>;
}

/** A message that this process holds: nobody else receives it before its visibility ends. */
export interface HeldMessage {
  readonly queueUrl: string;
  readonly receipt: string;
  readonly body: string;
}

/** Queues as the one that works on their messages sees them. */
export interface MessageSource {
  /** At most `max` messages (1 to 10), held for `holdSeconds`; waits up to `waitSeconds` (0 to 20) for the first. */
  receive(
    queueUrl: string,
    options: { max: number; waitSeconds: number; holdSeconds: number },
  ): Promise<HeldMessage[]>;
  /** Holds it for `seconds` from now; 0 gives it back at once. False when it was not held any more. */
  hold(message: HeldMessage, seconds: number): Promise<boolean>;
  delete(message: HeldMessage): Promise<void>;
}

export type ExecutionStatus =
  'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED' | 'ABSENT';

/** Step Functions. */
export interface Executions {
  /** `exists`: the name is taken, by a running execution or by one that ended (names stay taken for 90 days). */
  start(stateMachineArn: string, name: string, input: unknown): Promise<'started' | 'exists'>;
  status(stateMachineArn: string, name: string): Promise<ExecutionStatus>;
  stop(stateMachineArn: string, name: string, cause: string): Promise<void>;
  /** False when the token is dead (its execution ended, or it was answered): an outcome, not an error. */
  succeed(token: string, output: unknown): Promise<boolean>;
  fail(token: string, error: string, cause: string): Promise<boolean>;
}

/** Lambda functions that are called for an answer. */
export interface Functions {
  /**
   * `functionName` may end in `:<version>`. Throws FunctionFailed when the function itself failed or ran out of its
   * time, FunctionMissing when there is none.
   */
  invoke(functionName: string, payload: unknown): Promise<unknown>;
}

/** A task that has stopped, as ECS tells about it. */
export interface StoppedTask {
  readonly stopCode?: string | undefined;
  readonly stoppedReason?: string | undefined;
  readonly containers: readonly {
    readonly name: string;
    readonly exitCode?: number | undefined;
    readonly reason?: string | undefined;
  }[];
}

/** Of a task: absent is what its definition says. Units of CPU are 1/1024 of one. */
export interface TaskSize {
  readonly cpu?: number | undefined;
  readonly memoryMiB?: number | undefined;
}

/** Where a task runs: Fargate, or machines with GPUs, which may be taken back at two minutes' notice. */
export type TaskCapacity = 'fargate' | 'gpu' | 'gpu-spot';

/** A task of one container. */
export interface RunnerTask {
  readonly family: string;
  /** The runner's id, at most 36 characters: by it the end of its task is understood. */
  readonly startedBy: string;
  /** Added to that of its container `main`. */
  readonly environment: Readonly<Record<string, string>>;
  readonly capacity: TaskCapacity;
  readonly size: TaskSize;
  /** Of its container `main`; 0 on Fargate. */
  readonly gpus: number;
}

/** One task of several containers, for one run of a job. */
export interface JobTask {
  readonly taskDefinition: string;
  /** At most 36 characters, by which {@link Tasks.ofStarter} finds it; a second call with the same starts nothing. */
  readonly startedBy: string;
  /** By container: added to the environment of its definition. */
  readonly environment: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly capacity: TaskCapacity;
}

/** ECS tasks. */
export interface Tasks {
  /** Starts one task; returns its ARN. Throws TaskNotStarted when ECS has no place for it now. */
  run(task: RunnerTask): Promise<string>;
  /** Throws TaskNotStarted when ECS has no place for it now. */
  runJob(task: JobTask): Promise<void>;
  /** `running` before its end too; `unknown` when ECS has never had it, or has forgotten it (an hour after its end). */
  ofStarter(startedBy: string): Promise<'running' | 'unknown' | StoppedTask>;
  stop(taskArn: string, reason: string): Promise<void>;
}

/** Secrets, by name or ARN. */
export interface Secrets {
  /** The current version; undefined when the secret has none yet. */
  text(id: string): Promise<string | undefined>;
}
