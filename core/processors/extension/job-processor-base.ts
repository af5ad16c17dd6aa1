/**
 * What a team extends to decide by its own rules which instances belong together and when they are complete.
 * Called at least once for each stored instance, off the listener's path: it may be slow, and it may throw.
 * docs/job-processors.md shows how to write one.
 */
import { z } from 'zod';
import type { InstanceItem } from '../../contracts/items.ts';
import type { Priority } from '../../contracts/vocabulary.ts';
import type { PatientlessLogger } from './patientless-logger.ts';

/** An instance as it was stored; `keyId` is that of the values of the AE title's `groupBy`. */
export type StoredInstance = Readonly<InstanceItem>;

export type SessionId = string;

/** A small JSON value for each key of the processor's own, at most 256 KiB; durable. */
export interface KeyStore<State> {
  get(key: string): Promise<State | undefined>;
  /**
   * `change` gets what is stored and returns what is to be; undefined removes it. It is called again if somebody
   * else wrote in between, so it must have no effect but its answer.
   */
  update(
    key: string,
    change: (state: State | undefined) => State | undefined,
  ): Promise<State | undefined>;
}

/** What the platform hands to each processor; a processor's constructor only passes it on. */
export interface ProcessorContext {
  readonly aeTitle: string;
  /** Checked by the schema `settings` of the class. */
  readonly settings: unknown;
  readonly log: PatientlessLogger;
  /** Milliseconds since the epoch. */
  now(): number;
  readonly store: KeyStore<unknown>;
  instances(keyId: string): Promise<StoredInstance[]>;
  submit(
    name: string,
    pipelineId: string,
    priority: Priority,
    instances: readonly StoredInstance[],
  ): Promise<SessionId>;
  remove(instances: readonly StoredInstance[]): Promise<void>;
  setTimer(key: string, seconds: number): Promise<void>;
  clearTimer(key: string): Promise<void>;
}

/** A timer came to its end in a processor that has no `handleTimer`. */
export class TimerNotHandled extends Error {
  override readonly name = 'TimerNotHandled';
  readonly processor: string;
  readonly key: string;

  constructor(processor: string, key: string) {
    super(`the processor ${processor} sets timers, and has no handleTimer`);
    this.processor = processor;
    this.key = key;
  }
}

export abstract class JobProcessorBase<Settings = unknown, State = unknown> {
  /** What an AE title's `processor` names; the same as in the list of the site's processors. */
  abstract readonly name: string;
  /** Checks what an AE title sets for it; unset values get its defaults. Without settings: leave it out. */
  static readonly settings: z.ZodType = z.strictObject({});

  readonly aeTitle: string;
  protected readonly settings: Settings;
  /** Replaces what it knows of a patient; what else is written here must be of none. */
  protected readonly log: PatientlessLogger;
  protected readonly store: KeyStore<State>;
  readonly #context: ProcessorContext;

  constructor(context: ProcessorContext) {
    this.aeTitle = context.aeTitle;
    // Parsed by the class's own schema before this is called.
    this.settings = context.settings as Settings;
    this.log = context.log;
    // What comes out of the store is what this processor put in.
    this.store = context.store as KeyStore<State>;
    this.#context = context;
  }

  /** At least once for each instance, in no particular order, several at the same time. */
  abstract handleInstance(instance: StoredInstance): Promise<void>;

  /** At least once after the time of {@link setTimer} has passed. */
  handleTimer(key: string): Promise<void> {
    return Promise.reject(new TimerNotHandled(this.name, key));
  }

  /** Milliseconds since the epoch. */
  protected now(): number {
    return this.#context.now();
  }

  /** What the AE title has of a key (`instance.keyId`: by default, of a study), in the order of arrival. */
  protected instances(keyId: string): Promise<StoredInstance[]> {
    return this.#context.instances(keyId);
  }

  /** Starts a session. The same name, pipeline and instances make the same session, however often. */
  protected submitPipelineJob(
    name: string,
    pipelineId: string,
    priority: Priority,
    instances: readonly StoredInstance[],
  ): Promise<SessionId> {
    return this.#context.submit(name, pipelineId, priority, instances);
  }

  /** Hands them to the storage space reclaimer. */
  protected removeInstances(instances: readonly StoredInstance[]): Promise<void> {
    return this.#context.remove(instances);
  }

  /** One timer per key: setting it again moves it. Outlives every process. */
  protected setTimer(key: string, seconds: number): Promise<void> {
    return this.#context.setTimer(key, seconds);
  }

  protected clearTimer(key: string): Promise<void> {
    return this.#context.clearTimer(key);
  }
}

/** A class that extends {@link JobProcessorBase}. */
export interface JobProcessorClass {
  new (context: ProcessorContext): JobProcessorBase;
  readonly settings: z.ZodType;
}

/** The processors of a site, by name. */
export type JobProcessors = Readonly<Record<string, JobProcessorClass>>;
