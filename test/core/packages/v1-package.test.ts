/** Packages of dcm-processor 1: what becomes of their settings, and which of them cannot run here. */
import { describe, expect, it } from 'vitest';
import { orthancCalls } from '../../../core/packages/orthanc-calls.ts';
import { findV1Settings, readV1Package, v1Sources } from '../../../core/packages/v1-package.ts';

const PATHS = [
  'registry/settings.json',
  'registry/__init__.py',
  'module/__init__.py',
  'module/steps/report.py',
];

const aV1Job = (facts: Record<string, unknown> = {}) => ({
  jobName: 'volumes',
  worker: 'volumes.worker',
  callback: 'volumes.callback',
  dependsOn: null,
  channel: 'default',
  timeout: '1h',
  params: { clean: true },
  sortPosition: -999,
  description: 'measures',
  ...facts,
});

const read = (settings: unknown, sources: Record<string, string> = {}, paths = PATHS) =>
  readV1Package(
    paths,
    'registry/settings.json',
    JSON.stringify(settings),
    new Map(Object.entries(sources)),
  );

const problemsOf = (reading: ReturnType<typeof read>): string[] =>
  reading.ok ? [] : reading.problems.map(({ path, message }) => `${path ?? ''} ${message}`);

describe('the settings of a package of version 1', () => {
  it('are those nearest to the top', () => {
    expect(findV1Settings(['a/b/registry/settings.json', 'z/registry/settings.json'])).toBe(
      'z/registry/settings.json',
    );
    expect(findV1Settings(['settings.json', 'worker/settings.json'])).toBeUndefined();
  });

  it('become a job of the patient, under the functions’ own names', () => {
    const reading = read(aV1Job());

    expect(reading).toMatchObject({
      ok: true,
      manifest: {
        name: 'volumes',
        jobs: [
          {
            jobName: 'volumes',
            workerEntry: 'volumes.worker',
            registryEntry: 'volumes.callback',
            events: ['stable-patient'],
            dependsOn: [],
            worker: null,
            timeoutSeconds: 3600,
            params: { clean: true },
            sortPosition: -999,
            description: 'measures',
            v1: true,
          },
        ],
      },
    });
  });

  it('may be a list, with functions in modules of the package, channels and defaults', () => {
    const reading = read([
      aV1Job(),
      {
        jobName: 'report',
        worker: 'volumes.steps.report.worker',
        callback: 'volumes.callback',
        dependsOn: 'volumes',
        channel: 'gpu',
        disabled: true,
      },
    ]);

    expect(reading.ok && reading.manifest.jobs[1]).toMatchObject({
      dependsOn: ['volumes'],
      worker: 'gpu',
      sortPosition: 999,
      params: {},
      disabled: true,
    });
  });

  it('are refused with everything that is wrong with them', () => {
    const reading = read([
      aV1Job({ worker: 'volumes' }),
      aV1Job({ jobName: 'b', callback: 'volumes.other.callback', timeout: '12h' }),
      aV1Job({ jobName: 'c', worker: undefined }),
    ]);

    expect(problemsOf(reading)).toEqual([
      expect.stringMatching(/^registry\/settings.json\[0\].worker must be the dotted name/),
      expect.stringMatching(/settings.json\[1\].timeout job b: timeout .*no job may run longer/),
      expect.stringMatching(/\[1\].callback names .*has no registry\/other.py or registry\/other/),
      expect.stringMatching(/\[2\].worker is missing/),
    ]);
  });

  it('are refused when they name functions of two packages, or jobs in a circle', () => {
    expect(problemsOf(read([aV1Job(), aV1Job({ jobName: 'b', worker: 'other.worker' })]))).toEqual([
      expect.stringContaining('several packages (volumes, other)'),
    ]);
    expect(problemsOf(read(aV1Job({ dependsOn: ['volumes'] })))).toEqual([
      expect.stringContaining('volumes → volumes'),
    ]);
    expect(problemsOf(read([]))).toEqual([expect.stringContaining('has no job')]);
  });
});

describe('calls of Orthanc', () => {
  it('refuse the package, each with its place', () => {
    const reading = read(aV1Job(), {
      'module/__init__.py': 'import os\nURL = os.getenv("ORTHANC_REST_URL")\n',
    });

    expect(problemsOf(reading)).toEqual([
      "module/__init__.py:2 calls Orthanc's REST API (ORTHANC_REST_URL), and there is no Orthanc here",
    ]);
  });

  it.each([
    ['a.py', 'requests.get("http://orthanc:8042/series")'],
    ['a.py', 'requests.post(url + "/tools/find", json=query)'],
    ['a.py', 'from pyorthanc import Orthanc'],
    ['requirements.txt', 'pyorthanc==1.11'],
    ['run.sh', 'curl localhost:8042/patients'],
    ['a.py', 'text = "#" + url + "/instances/1/simplified-tags"'],
  ])('are found in %s: %s', (path, text) => {
    expect(orthancCalls(path, text)).toHaveLength(1);
  });

  it.each([
    ['a.py', 'x = 1  # once asked ORTHANC_REST_URL'],
    ['a.py', 'description = "images from Orthanc"'],
    ['a.py', 'port = 80421'],
    ['requirements.txt', 'requests==2.0'],
  ])('are not seen in %s: %s', (path, text) => {
    expect(orthancCalls(path, text)).toEqual([]);
  });

  it('are looked for in the texts of the two folders', () => {
    const paths = [...PATHS, 'module/weights.bin', 'README.txt', 'module/a.json'];

    expect(v1Sources(paths, 'registry/settings.json')).toEqual([...PATHS, 'module/a.json']);
  });
});
