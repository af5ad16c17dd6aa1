/** What planning a large session takes beside its callbacks' own time: docs/benchmarks.md, "planning". */
import { setTimeout as sleep } from 'node:timers/promises';
import { AE_TITLE_DEFAULTS, type ServiceItem } from '../../core/contracts/configuration.ts';
import type { GroupManifest, SessionItem } from '../../core/contracts/items.ts';
import { sessionId } from '../../core/contracts/keys.ts';
import { objectKeys } from '../../core/contracts/object-keys.ts';
import { advanceSession } from '../../core/running/advance-session.ts';
import { planSession } from '../../core/planning/plan.ts';
import { makeHandler, type PlanDependencies } from '../../lambdas/plan/handler.ts';
import type { Bench } from '../bench.ts';
import { MODEL_MS, modelledCloud } from './modelled-cloud.ts';

const STUDIES = 4;
const SERIES_OF_STUDY = 50;
const INSTANCES_OF_SERIES = 100;
const JOBS_OF_SERIES = 5;
const START = Date.UTC(2026, 0, 1);
const GROUP = '00000000000000000000-g1';

const manifest = (): GroupManifest => ({
  groupId: GROUP,
  aeTitle: 'BENCH',
  groupBy: ['PatientID'],
  sealedAt: START,
  series: Array.from({ length: STUDIES * SERIES_OF_STUDY }, (_, index) => {
    const study = `1.2.3.${String(index % STUDIES)}`;
    const series = `${study}.${String(index)}`;
    return {
      ...{
        patientId: 'P',
        issuerOfPatientId: '',
        studyInstanceUid: study,
        seriesInstanceUid: series,
      },
      attributes: {
        PatientID: 'P',
        Modality: 'CT',
        SeriesDescription: 'a series of the benchmark',
      },
      instances: Array.from({ length: INSTANCES_OF_SERIES }, (_each, instance) => ({
        sopInstanceUid: `${series}.${String(instance)}`,
        sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
        transferSyntaxUid: '1.2.840.10008.1.2.1',
        objectKey: `instances/${series}.${String(instance)}.dcm`,
        size: 527_000,
        sha256: 'ab'.repeat(32),
        receivedAt: START + instance,
        callingAeTitle: 'CT1',
      })),
    };
  }),
});

/** One service, each of whose jobs needs the one before. */
const service = (): ServiceItem => ({
  ...{ name: 'bench', version: '1.0.0', summary: '', hash: 'ab'.repeat(32) },
  ...{ registryFunction: 'registry', installedAt: 1, updatedAt: 1, disabled: false },
  jobs: Array.from({ length: JOBS_OF_SERIES }, (_, index) => ({
    ...{ jobName: `job-${String(index)}`, workerEntry: 'work', registryEntry: 'ask' },
    ...{ events: ['stable-series'], sortPosition: 1, worker: null, timeoutSeconds: 3600 },
    dependsOn: index === 0 ? [] : [`job-${String(index - 1)}`],
    ...{ params: {}, disabled: false, onError: 'fail', description: '' },
  })),
});

/** Of each round its own, so that it lies in other partitions. */
const aSession = (round: number): SessionItem => ({
  ...{ id: sessionId(GROUP, `round-${String(round)}`), groupId: GROUP, aeTitle: 'BENCH', run: 1 },
  ...{ pipeline: 'default', pipelineName: 'default', priority: 'normal', state: 'PLANNING' },
  ...{ createdAt: START, studies: [], instanceCount: 20_000 },
});

type Cloud = ReturnType<typeof modelledCloud>;

/** From a graph of which nothing has begun to the executions of all jobs that wait for no other. */
const dispatch = async ({ sessions }: Cloud, sessionId: string): Promise<number> => {
  let started = 0;
  const succeeded = () => Promise.resolve({ state: 'SUCCEEDED' } as const);
  const began = performance.now();
  await advanceSession(
    {
      sessions,
      startJob: async () => {
        await sleep(MODEL_MS.execution);
        started += 1;
      },
      stopJob: () => Promise.resolve(),
      runPreServices: succeeded,
      runPostServices: succeeded,
      answerToken: () => Promise.resolve(true),
      clock: Date.now,
    },
    { sessionId },
  );
  if (started !== STUDIES * SERIES_OF_STUDY)
    throw new Error(`${String(started)} jobs were started`);
  return performance.now() - began;
};

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

export const planningBench: Bench = async (figures, tell, quick) => {
  const rounds = quick ? 2 : 15;
  const [group, bench] = [manifest(), service()];
  tell(`plans ${String(STUDIES * SERIES_OF_STUDY * JOBS_OF_SERIES)} jobs, ${String(rounds)} times`);
  for (let round = 0; round < rounds; round += 1) {
    const cloud = modelledCloud();
    const session = aSession(round);
    await cloud.sessions.createSession(session);
    cloud.bucket.set(objectKeys.groupManifest(GROUP), JSON.stringify(group));
    const began = performance.now();
    const input = {
      ...{ session, manifest: group, services: [bench], now: START },
      ...{ workers: new Map<string, string | undefined>(), retryDelaySeconds: 5 },
    };
    await planSession(input, ({ candidates, objects }) =>
      Promise.resolve(
        candidates.map(() =>
          objects.map(({ objectId }) => ({ objectId, outcome: 'run', addedParams: {} })),
        ),
      ),
    );
    figures.add('the graph alone', 'ms', performance.now() - began);

    const deps: PlanDependencies = {
      sessions: cloud.sessions,
      objects: cloud.objects,
      decisions: { recordDecision: () => Promise.resolve() },
      configuration: {
        aeTitles: {
          get: () => Promise.resolve({ ...AE_TITLE_DEFAULTS, name: 'BENCH', revision: 1 } as never),
        },
        pipelines: { get: () => Promise.resolve(undefined) },
        services: { list: () => Promise.resolve([bench]) },
        workers: { list: () => Promise.resolve([]) },
      },
      functions: cloud.functions,
      executions: { succeed: () => Promise.resolve(true), fail: () => Promise.resolve(false) },
      clock: Date.now,
      logger: silent,
    };
    const body = JSON.stringify({ sessionId: session.id, run: 1, token: 'token' });
    const started = performance.now();
    const { batchItemFailures } = await makeHandler(deps)({
      Records: [{ messageId: 'm', body } as never],
    });
    if (batchItemFailures.length > 0) throw new Error('the session was not planned');
    figures.add('from message to token', 'ms', performance.now() - started);
    if (round === 0) tell(`calls: ${JSON.stringify(cloud.calls)}`);

    const { sessions } = cloud;
    const before = performance.now();
    const [jobs, edges] = await Promise.all([
      sessions.getJobs(session.id),
      sessions.getEdges(session.id),
    ]);
    figures.add('the whole graph read', 'ms', performance.now() - before);
    if (round === 0) tell(`${String(jobs.length)} nodes, ${String(edges.length)} edges`);
    figures.add('200 ready jobs dispatched', 'ms', await dispatch(cloud, session.id));
    figures.add('calls that were throttled', 'calls', cloud.pace.throttled);
  }
};
