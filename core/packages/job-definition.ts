/** One entry of `service.jobs`: the rules of its fields, and their defaults. */
import { z } from 'zod';
import type { ProblemDetail } from '../contracts/api-problem.ts';
import type { JobDefinition } from '../contracts/configuration.ts';
import { EVENTS, type StableEvent } from '../contracts/vocabulary.ts';
import { parseTimeout } from './durations.ts';
import { Cpus, Gpus, JobPriority, Memory, Retry, Warm } from './extensions.ts';
import { nearest } from './nearest.ts';
import { withoutUndefined } from './without-undefined.ts';

/** Python 3.13's `keyword.kwlist`: words that no `from service_module import` can name. */
const PYTHON_KEYWORDS = new Set(
  (
    'False None True and as assert async await break class continue def del elif else except finally for ' +
    'from global if import in is lambda nonlocal not or pass raise return try while with yield'
  ).split(' '),
);

const Identifier = z
  .string('must be a text: the name of a function in the package')
  .regex(
    /^[\p{ID_Start}_][\p{ID_Continue}]*$/u,
    'must be a plain Python name, without dots or spaces: a name that __init__.py defines or imports',
  )
  .refine((name) => !PYTHON_KEYWORDS.has(name), 'is a reserved word of Python');

/** The original imports the callback as `registry_<jobName>`, where a dot or a slash fails at every call. */
const JobName = z
  .string('must be a text')
  .min(1, 'must not be empty')
  .max(200, 'has more than 200 characters')

  .regex(
    /^[^./\\\x00-\x1f]+$/,
    'must not contain a dot, a slash, a backslash or control characters',
  );

const isEvent = (text: string): text is StableEvent => EVENTS.some((event) => event === text);

/** A plain text names every event that is a part of it, as Python's `in` sees it. */
const eventsIn = (text: string): StableEvent[] => EVENTS.filter((event) => text.includes(event));

const unknownEvent = (text: string): string =>
  `"${text}" is no event; did you mean "${nearest(text, EVENTS) ?? ''}"? The events are ${EVENTS.join(', ')}`;

const Events = z
  .union([z.string(), z.array(z.string())], `must be a list of events: ${EVENTS.join(', ')}`)
  .optional()
  .transform((value, context): StableEvent[] => {
    if (typeof value === 'string') {
      const events = eventsIn(value);
      if (events.length === 0) context.addIssue(unknownEvent(value));
      return events;
    }
    const names = value ?? [];
    for (const name of names) if (!isEvent(name)) context.addIssue(unknownEvent(name));
    return [...new Set(names.filter(isEvent))];
  });

const DependsOn = z
  .union([z.string(), z.array(z.string())], 'must be the name of a job, or a list of names')
  .nullish()
  .transform((value) => [...new Set(typeof value === 'string' ? [value] : (value ?? []))]);

const Timeout = z
  .unknown()
  .optional()
  .transform((value, context): number => {
    const duration = parseTimeout(value);
    if (duration.ok) return duration.seconds;
    context.addIssue(duration.problem);
    return z.NEVER;
  });

const Job = z.object(
  {
    jobName: JobName,
    workerEntry: Identifier,
    registryEntry: Identifier,
    events: Events,
    dependsOn: DependsOn,
    sortPosition: z
      .number('must be a number')
      .nullish()
      .transform((position) => position ?? 1),
    worker: z
      .string('must be the name of a worker, or null')
      .nullish()
      .transform((worker) => (worker === undefined || worker === '' ? null : worker)),
    timeout: Timeout,
    params: z
      .record(z.string(), z.unknown(), 'must be an object')
      .nullish()
      .transform((params) => params ?? {}),
    disabled: z
      .boolean('must be true or false')
      .nullish()
      .transform((disabled) => disabled ?? false),
    onError: z
      .enum(['fail', 'continue'], 'must be "fail" or "continue"')
      .nullish()
      .transform((onError) => onError ?? 'fail'),
    keepWarm: Warm,
    priority: JobPriority,
    retry: Retry,
    gpu: Gpus,
    cpu: Cpus,
    memory: Memory,
    description: z.string().nullish().catch(''),
  },
  'must be an object',
);

const nameOf = (raw: unknown): string | undefined => {
  const name =
    typeof raw === 'object' && raw !== null
      ? (raw as Record<string, unknown>)['jobName']
      : undefined;
  return typeof name === 'string' && name !== '' ? name : undefined;
};

/** The definition, or every problem of the job; `path` is its place in the manifest. */
export const readJob = (
  raw: unknown,
  path: string,
): { readonly definition?: JobDefinition; readonly problems: readonly ProblemDetail[] } => {
  const reading = Job.safeParse(raw, { reportInput: true });
  if (!reading.success) {
    const name = nameOf(raw);
    return {
      problems: reading.error.issues.map((issue) => {
        const field = issue.path.map(String).join('.');
        const missing = issue.code === 'invalid_type' && issue.input === undefined;
        const told = missing ? 'is missing' : issue.message;
        return {
          path: field === '' ? path : `${path}.${field}`,
          message: name === undefined ? told : `job ${name}: ${field} ${told}`,
        };
      }),
    };
  }
  const { timeout, description, memory, ...fields } = reading.data;
  return {
    definition: withoutUndefined({
      ...fields,
      timeoutSeconds: timeout,
      memoryMiB: memory,
      description: description ?? '',
    }),
    problems: [],
  };
};

/** Name, events and dependencies of a job whatever else is wrong with it: enough to look for circles. */
export const looseDependencies = (
  raw: unknown,
): Pick<JobDefinition, 'jobName' | 'events' | 'dependsOn'> => {
  const fields = (typeof raw === 'object' && raw !== null ? raw : {}) as Record<string, unknown>;
  const events = Events.safeParse(fields['events']);
  const dependsOn = DependsOn.safeParse(fields['dependsOn']);
  return {
    jobName: nameOf(raw) ?? '',
    events: events.success ? events.data : [],
    dependsOn: dependsOn.success ? dependsOn.data : [],
  };
};
