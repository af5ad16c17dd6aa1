/** The world around the plan Lambda, in memory: one session to plan, its bucket, and what the token was told. */
import { Readable } from 'node:stream';
import type { SQSRecord } from 'aws-lambda';
import { FunctionFailed } from '../../../aws/functions.ts';
import type { AeTitleItem, ServiceItem } from '../../../core/contracts/configuration.ts';
import type {
  DecisionRecord,
  EdgeItem,
  GroupManifest,
  JobItem,
  SessionItem,
} from '../../../core/contracts/items.ts';
import { objectKeys } from '../../../core/contracts/object-keys.ts';
import type { RegistryRequest } from '../../../core/contracts/messages.ts';
import type { PlanDependencies } from '../../../lambdas/plan/handler.ts';
import { aJob, aManifest, aService, START } from '../../core/planning/factories.ts';

export const SESSION_ID = 's0123456789abcdef0123';

export const aSession = (facts: Partial<SessionItem> = {}): SessionItem => ({
  id: SESSION_ID,
  groupId: aManifest().groupId,
  aeTitle: 'GANTRY',
  pipeline: 'default',
  pipelineName: 'default',
  priority: 'normal',
  state: 'PLANNING',
  run: 1,
  createdAt: START,
  studies: ['1.1'],
  instanceCount: 1,
  ...facts,
});

export type Invoke = (request: RegistryRequest, functionName: string) => unknown;

/** What a function answers or throws, as the promise of it. */
export const promised = (answer: () => unknown): Promise<unknown> => Promise.resolve().then(answer);

/** Says yes for every object. */
export const yes: Invoke = ({ objects, then }) => {
  const answers = objects.map(({ objectId }) => ({ objectId, outcome: 'run', addedParams: {} }));
  return { answers, ...(then === undefined ? {} : { then: then.map(() => answers) }) };
};

export interface World {
  readonly session?: SessionItem | undefined;
  readonly manifest?: GroupManifest | undefined;
  /** The AE title that received the group; it was removed since when it is not there. */
  readonly aeTitle?: AeTitleItem;
  readonly services?: readonly ServiceItem[];
  readonly pipelines?: Readonly<Record<string, readonly string[]>>;
  /** Of those pipelines. */
  readonly rule?: string;
  /** Part 10 files by key. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
  readonly invoke?: Invoke;
  readonly tokenAlive?: boolean;
}

export const aWorld = (world: World = {}) => {
  const manifest = 'manifest' in world ? world.manifest : aManifest();
  let session = 'session' in world ? world.session : aSession();
  const bucket = new Map<string, string>();
  if (manifest !== undefined) {
    bucket.set(objectKeys.groupManifest(aManifest().groupId), JSON.stringify(manifest));
  }
  const told: unknown[] = [];
  const invoked: RegistryRequest[] = [];
  const stored: {
    jobs: readonly JobItem[];
    edges: readonly EdgeItem[];
    reason: string | undefined;
  }[] = [];
  const tidied: string[] = [];
  const decisions: DecisionRecord[] = [];
  const logged: unknown[] = [];
  const log = (...entry: unknown[]): void => {
    logged.push(entry);
  };

  const deps: PlanDependencies = {
    sessions: {
      getSession: (id) => Promise.resolve(id === session?.id ? session : undefined),
      storePlan: (given, jobs, edges, startedAt) => {
        if (session?.state !== 'PLANNING') return Promise.resolve(false);
        stored.push({ jobs, edges, reason: given.reason });
        session = { ...session, state: 'RUNNING', startedAt };
        return Promise.resolve(true);
      },
      removeOtherGraphs: ({ id }) => {
        tidied.push(id);
        return Promise.resolve();
      },
    },
    objects: {
      size: (key) => Promise.resolve(bucket.get(key)?.length),
      getJson: (key) => Promise.resolve(JSON.parse(bucket.get(key) ?? '') as unknown),
      getStream: (key) => {
        const file = world.files?.[key];
        return file === undefined
          ? Promise.reject(new Error(`no object ${key}`))
          : Promise.resolve(Readable.from([Buffer.from(file)]));
      },
      putJson: (key, value) => {
        bucket.set(key, JSON.stringify(value));
        return Promise.resolve();
      },
      putJsonIfAbsent: (key, value) => {
        if (bucket.has(key)) return Promise.resolve(false);
        bucket.set(key, JSON.stringify(value));
        return Promise.resolve(true);
      },
    },
    configuration: {
      aeTitles: { get: () => Promise.resolve(world.aeTitle) },
      pipelines: {
        get: (id) => {
          const services = world.pipelines?.[id];
          return Promise.resolve(
            services === undefined
              ? undefined
              : {
                  ...{ id, name: id, services: [...services] },
                  ...(world.rule === undefined ? {} : { rule: world.rule }),
                },
          );
        },
      },
      services: {
        list: () => Promise.resolve([...(world.services ?? [aService('one', [aJob('a')])])]),
      },
      workers: { list: () => Promise.resolve([]) },
    },
    functions: {
      invoke: (functionName, payload) => {
        // As it arrives at a function: what JSON keeps of it.
        const request = JSON.parse(JSON.stringify(payload)) as RegistryRequest;
        invoked.push(request);
        return promised(() => (world.invoke ?? yes)(request, functionName));
      },
    },
    executions: {
      succeed: (token, output) => {
        told.push({ token, output });
        return Promise.resolve(world.tokenAlive ?? true);
      },
      fail: (token, error, cause) => {
        told.push({ token, error, cause });
        return Promise.resolve(world.tokenAlive ?? true);
      },
    },
    decisions: {
      recordDecision: (record) => {
        decisions.push(record);
        return Promise.resolve();
      },
    },
    clock: () => START,
    logger: { info: log, warn: log, error: log },
  };
  return { deps, bucket, told, invoked, stored, tidied, decisions, logged };
};

export const functionFailed = (message: string) =>
  new FunctionFailed('registry-one', 'Sandbox.Timedout', message);

export const aRecord = (body: string, messageId = 'm1'): SQSRecord => ({
  messageId,
  body,
  receiptHandle: 'r',
  attributes: {
    ApproximateReceiveCount: '1',
    SentTimestamp: '0',
    SenderId: 'x',
    ApproximateFirstReceiveTimestamp: '0',
  },
  messageAttributes: {},
  md5OfBody: '',
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn:aws:sqs:eu-central-1:000000000000:gantry-plan',
  awsRegion: 'eu-central-1',
});

export const aRequest = (sessionId = SESSION_ID) => ({
  Records: [aRecord(JSON.stringify({ sessionId, run: 1, token: 'token-1' }))],
});
