/**
 * What travels through queues and into state machines. Ids only: no patient is in a message, an execution's
 * name or its input (invariant I).
 */
import { z } from 'zod';
import type { StoppedTask } from './ports.ts';
import { Priority } from './vocabulary.ts';

/**
 * Queue `stability-checks`: look at this group at its due second; with `touchedAt` (milliseconds), as soon as what
 * relies on the touch of that time is stored, whether its declared inputs are there.
 */
export const StabilityCheck = z.object({
  groupId: z.string(),
  touchedAt: z.int().min(0).optional(),
  /** Sent by a listener that took back a lease, with the turn of that: its next lease has a check of its own, and this one ends. */
  settled: z.object({ listener: z.string(), turn: z.int() }).optional(),
});
export type StabilityCheck = z.infer<typeof StabilityCheck>;

/** Input of an execution of the `session` state machine. */
export const SessionInput = z.object({ sessionId: z.string(), run: z.int().min(1) });
export type SessionInput = z.infer<typeof SessionInput>;

/** Queue `plan`: plan this session, then answer the token. */
export const PlanRequest = z.object({
  sessionId: z.string(),
  run: z.int().min(1),
  token: z.string(),
});
export type PlanRequest = z.infer<typeof PlanRequest>;

/** The output of a plan: whether there is anything to run. */
export const PlanAnswer = z.object({ sessionId: z.string(), jobs: z.int().min(0) });
export type PlanAnswer = z.infer<typeof PlanAnswer>;

/**
 * Queue `advance`. With `token`: the execution of that `run` of the session waits for its jobs; store the
 * token and look at the whole graph. With `jobId`: that run of the job has ended; release its dependents. With
 * neither: look at the whole graph (the sweep). `ensureRunner`: only see to it that the worker has as many
 * runners as it needs.
 */
export const Advance = z.union([
  z.object({
    sessionId: z.string(),
    token: z.string().optional(),
    jobId: z.string().optional(),
    run: z.int().min(1).optional(),
  }),
  z.object({ ensureRunner: z.object({ worker: z.string() }) }),
]);
export type Advance = z.infer<typeof Advance>;

/** Input of an execution of the `job` state machine: one run of one job. */
export const JobInput = z.object({
  sessionId: z.string(),
  jobId: z.string(),
  run: z.int().min(1),
  worker: z.string(),
  priority: Priority,
  queueUrl: z.string(),
  /** How long its message stays unseen in the queue: a job that failed is tried again after a while. */
  delaySeconds: z.int().min(0).max(900),
});
export type JobInput = z.infer<typeof JobInput>;

/** Queues `work-<worker>-<priority>`: do this run of this job, then answer the token. */
export const Work = z.object({
  sessionId: z.string(),
  jobId: z.string(),
  run: z.int().min(1),
  token: z.string(),
});
export type Work = z.infer<typeof Work>;

/** EventBridge's "ECS Task State Change" of a task that has stopped: what is needed of it. */
export const TaskStopped = z.object({
  'detail-type': z.literal('ECS Task State Change'),
  detail: z.object({
    taskArn: z.string(),
    taskDefinitionArn: z.string(),
    lastStatus: z.literal('STOPPED'),
    startedBy: z.string().optional(),
    stopCode: z.string().optional(),
    stoppedReason: z.string().optional(),
    containers: z
      .array(
        z.object({
          name: z.string(),
          exitCode: z.int().optional(),
          reason: z.string().optional(),
        }),
      )
      .default([]),
  }),
});
export type TaskStopped = z.infer<typeof TaskStopped>;

/** The event of a task's end, for who found the task stopped without it. */
export const taskStopped = (startedBy: string, task: StoppedTask): TaskStopped => ({
  'detail-type': 'ECS Task State Change',
  detail: {
    ...{ taskArn: '', taskDefinitionArn: '', lastStatus: 'STOPPED', startedBy },
    ...{ stopCode: task.stopCode, stoppedReason: task.stoppedReason },
    containers: [...task.containers],
  },
});

/** The task of a docker job outlives its credentials: it asks for new ones, of itself and of nobody else. */
export const CredentialsRequest = z.object({
  renewCredentials: z.object({ jobId: z.string(), run: z.int().min(1), attempt: z.int().min(1) }),
});
export type CredentialsRequest = z.infer<typeof CredentialsRequest>;

/** The execution `build` of the state machine `image` has ended; `cause` is why, if that was no success. */
export const ImageMade = z.object({
  imageMade: z.object({
    worker: z.string(),
    hash: z.string(),
    build: z.string(),
    cause: z
      .string()
      .transform((text) => (text === '' ? undefined : text))
      .optional(),
  }),
});
export type ImageMade = z.infer<typeof ImageMade>;

/**
 * Queue `tasks`: start a task for this run of a docker worker's job, a task has stopped, one needs credentials, or a
 * docker worker's image was made.
 */
export const TaskMessage = z.union([Work, TaskStopped, CredentialsRequest, ImageMade]);
export type TaskMessage = z.infer<typeof TaskMessage>;

/**
 * Input and output of a registry function: callbacks of one service version for all objects of a level. Functions of
 * services that were installed with an earlier version know nothing of `then`, and answer without it.
 */
export const RegistryRequest = z.object({
  sessionId: z.string(),
  jobName: z.string(),
  registryEntry: z.string(),
  /** Seconds that one call may take. */
  timeoutSeconds: z.number().positive(),
  objects: z.array(
    z.object({
      objectId: z.string(),
      headers: z.record(z.string(), z.unknown()),
      params: z.record(z.string(), z.unknown()),
      addedParams: z.record(z.string(), z.unknown()),
    }),
  ),
  /** Asked afterwards, in order and for the same objects; each sees what those before it added. */
  then: z
    .array(
      z.object({
        jobName: z.string(),
        registryEntry: z.string(),
        params: z.record(z.string(), z.unknown()),
      }),
    )
    .optional(),
});
export type RegistryRequest = z.infer<typeof RegistryRequest>;

const RegistryVerdict = z.discriminatedUnion('outcome', [
  z.object({
    objectId: z.string(),
    outcome: z.literal('run'),
    addedParams: z.record(z.string(), z.unknown()),
  }),
  z.object({ objectId: z.string(), outcome: z.literal('skip') }),
  /** The callback threw, hung, ended its process, or gave back what no JSON can hold. */
  z.object({
    objectId: z.string(),
    outcome: z.literal('broke'),
    error: z.object({ type: z.string(), message: z.string(), traceback: z.string() }),
  }),
]);
export type RegistryVerdict = z.infer<typeof RegistryVerdict>;

/** In the order of the objects. It may end early; nothing follows a list that is not complete. */
export const RegistryAnswer = z.object({
  answers: z.array(RegistryVerdict),
  then: z.array(z.array(RegistryVerdict)).optional(),
});
export type RegistryAnswer = z.infer<typeof RegistryAnswer>;

/** Input of `finish`; `error` is what a state of the session's execution caught. */
export const FinishInput = z.object({
  sessionId: z.string(),
  run: z.int().min(1),
  error: z.object({ name: z.string(), cause: z.string() }).optional(),
});
export type FinishInput = z.infer<typeof FinishInput>;
