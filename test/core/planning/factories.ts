/** Small manifests, services and job definitions, of which a test says only what it is about. */
import type { JobDefinition, ServiceItem } from '../../../core/contracts/configuration.ts';
import type { GroupManifest, JobItem, ManifestInstance } from '../../../core/contracts/items.ts';
import { planSession, type PlanInput } from '../../../core/planning/plan.ts';
import type { RegistryVerdict } from '../../../core/contracts/messages.ts';
import type { RegistryObject, RegistryQuestion } from '../../../core/planning/registry.ts';

type ManifestSeries = GroupManifest['series'][number];

export const START = Date.UTC(2026, 4, 4, 3, 2, 1, 500);

export const anInstance = (facts: Partial<ManifestInstance> = {}): ManifestInstance => ({
  sopInstanceUid: '1.2.3',
  sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
  transferSyntaxUid: '1.2.840.10008.1.2.1',
  objectKey: 'instances/1.2.3.dcm',
  size: 1000,
  sha256: 'ab'.repeat(32),
  receivedAt: START,
  callingAeTitle: 'CT1',
  ...facts,
});

export const aSeries = (facts: Partial<ManifestSeries> = {}): ManifestSeries => ({
  patientId: 'P1',
  issuerOfPatientId: '',
  studyInstanceUid: '1.1',
  seriesInstanceUid: '1.1.1',
  attributes: {},
  instances: [anInstance()],
  ...facts,
});

export const aManifest = (facts: Partial<GroupManifest> = {}): GroupManifest => ({
  groupId: 'a0a0a0a0a0a0a0a0a0a0-g1',
  aeTitle: 'GANTRY',
  groupBy: ['PatientID'],
  sealedAt: START,
  series: [aSeries()],
  ...facts,
});

export const aJob = (jobName: string, facts: Partial<JobDefinition> = {}): JobDefinition => ({
  jobName,
  workerEntry: 'worker',
  registryEntry: 'callback',
  events: ['stable-series'],
  dependsOn: [],
  sortPosition: 1,
  worker: null,
  timeoutSeconds: 3600,
  params: {},
  disabled: false,
  onError: 'fail',
  description: '',
  ...facts,
});

let installations = 0;

/** Each is installed after those made before. */
export const aService = (
  name: string,
  jobs: readonly JobDefinition[],
  facts: Partial<ServiceItem> = {},
): ServiceItem => {
  installations += 1;
  return {
    name,
    version: '1.0.0',
    summary: '',
    hash: `hash-of-${name}`,
    registryFunction: `registry-${name}`,
    installedAt: installations,
    updatedAt: installations,
    disabled: false,
    jobs: [...jobs],
    ...facts,
  };
};

export type Answer = true | false | Record<string, unknown> | Error;

const verdictOf = (objectId: string, answer: Answer): RegistryVerdict => {
  if (answer === false) return { objectId, outcome: 'skip' };
  if (answer instanceof Error) {
    const { name, message } = answer;
    return { objectId, outcome: 'broke', error: { type: name, message, traceback: 'Traceback …' } };
  }
  return { objectId, outcome: 'run', addedParams: answer === true ? {} : answer };
};

/** A registry that answers by job name and object; it keeps what each callback was asked, in order, and the calls. */
export const aRegistry = (answers: (jobName: string, objectId: string) => Answer = () => true) => {
  const asked: { readonly jobName: string; readonly objects: readonly RegistryObject[] }[] = [];
  const calls: string[][] = [];
  return {
    asked,
    calls,
    ask: ({ candidates, objects }: RegistryQuestion) => {
      calls.push(candidates.map(({ definition }) => definition.jobName));
      let seen = objects;
      const verdicts = candidates.map(({ definition: { jobName } }) => {
        asked.push({ jobName, objects: seen });
        const given = seen.map(({ objectId }) => verdictOf(objectId, answers(jobName, objectId)));
        seen = seen.map((object, index) => {
          const verdict = given[index];
          return verdict?.outcome === 'run'
            ? {
                ...object,
                addedParams: { ...object.addedParams, [jobName]: verdict.addedParams },
              }
            : object;
        });
        return given;
      });
      return Promise.resolve(verdicts);
    },
  };
};

export const SESSION = { id: 's0123456789abcdef0123', priority: 'normal' } as const;

export const aPlan = (
  facts: Partial<PlanInput>,
  answers?: (jobName: string, objectId: string) => Answer,
) =>
  planSession(
    {
      session: SESSION,
      manifest: aManifest(),
      services: [],
      workers: new Map([['default', undefined]]),
      retryDelaySeconds: 5,
      now: START,
      ...facts,
    },
    aRegistry(answers).ask,
  );

/** Names of services' jobs that will run, in the order of planning. */
export const running = (jobs: readonly JobItem[]): string[] =>
  jobs.filter(({ kind, state }) => kind === 'job' && state === 'WAITING').map(({ name }) => name);

/** Reasons by job name. */
export const skipped = (jobs: readonly JobItem[]): Record<string, string | undefined> =>
  Object.fromEntries(
    jobs.filter(({ state }) => state === 'SKIPPED').map(({ name, reason }) => [name, reason]),
  );
