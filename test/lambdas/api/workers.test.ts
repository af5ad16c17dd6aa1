/** Installing, showing and removing workers, over a real table, bucket and queues. */
import { GetQueueAttributesCommand, ListQueuesCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tableRunners } from '../../../aws/runners.ts';
import type {
  Installation,
  Upload,
  Worker,
  WorkerDetail,
  WorkerInstallation,
} from '../../../core/contracts/api-packages.ts';
import { tableKeys } from '../../../core/contracts/keys.ts';
import { objectKeys } from '../../../core/contracts/object-keys.ts';
import { workQueueUrl } from '../../../core/running/start-job.ts';
import { startEmulatedApi, type ApiAnswer, type EmulatedApi } from '../../support/emulated-api.ts';
import { aJob, aPackage, unzip, zipOf, type PackageFiles } from '../../support/packages.ts';

let api: EmulatedApi;

beforeAll(async () => {
  api = await startEmulatedApi();
}, 60_000);

afterAll(() => api.stop());

const install = async (
  kind: 'services' | 'workers',
  files: PackageFiles,
  force = false,
): Promise<ApiAnswer> => {
  const { json } = await api.call('POST', '/uploads');
  const { uploadId, url } = json as Upload;
  await fetch(url, { method: 'PUT', body: await zipOf(files) });
  return api.call('POST', `/${kind}`, { uploadId, force });
};

const aWorker = (
  name: string,
  requirements = 'six==1.17.0\n',
  version = '1.0.0',
): PackageFiles => ({
  'dcm-processor.json': JSON.stringify({ name, version, worker: { path: 'worker', type: 'venv' } }),
  'worker/settings.json': JSON.stringify({ python_version: '3.12' }),
  'worker/requirements.txt': requirements,
});

const installed = async (files: PackageFiles, force = false): Promise<WorkerInstallation> => {
  const { status, json, text } = await install('workers', files, force);
  if (status !== 200) throw new Error(text);
  return json as WorkerInstallation;
};

const problemsOf = ({ json }: ApiAnswer): string[] =>
  (json as { problems: { message: string }[] }).problems.map(({ message }) => message);

describe('installing a worker', () => {
  it('stores its folder, and shows what it is', async () => {
    const { outcome, worker } = await installed(aWorker('stored'));

    const files = await unzip(
      await api.context.objects.getBytes(objectKeys.workerPackage('stored', worker.hash ?? '')),
    );
    expect(outcome).toBe('installed');
    expect(Object.keys(files)).toEqual(['requirements.txt', 'settings.json']);
    const shown = (await api.call('GET', '/workers/stored')).json as WorkerDetail;
    expect(shown).toMatchObject({
      ...{ name: 'stored', type: 'venv', version: '1.0.0', pythonVersion: '3.12' },
      ...{ slots: 2, maxRunners: 4, state: 'installed', runners: [], waiting: 0, services: [] },
    });
  });

  it('shows how each of its runners keeps callbacks to their own job, once it has started', async () => {
    await installed(aWorker('isolated'));
    const { table, clock } = api.context;
    const runners = tableRunners(table);
    const lease = { worker: 'isolated', leaseUntil: clock() + 60_000 };
    await runners.addLease({ ...lease, runnerId: 'a', isolation: 'sandbox' });
    await runners.addLease({ ...lease, runnerId: 'b' });

    const shown = (await api.call('GET', '/workers/isolated')).json as WorkerDetail;

    expect(shown.runners.map(({ id, isolation }) => [id, isolation])).toEqual([
      ['a', 'sandbox'],
      ['b', null],
    ]);
  });

  it('makes a queue for each priority, with its dead letters, even for a name that no queue can have', async () => {
    const name = 'lungs & ribs: a worker with a very long name';
    await installed(aWorker(name));

    const url = workQueueUrl(api.context.workQueueUrlPrefix, name, 'higher');
    const { Attributes } = await api.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }),
    );
    expect(Attributes).toMatchObject({
      VisibilityTimeout: '120',
      MessageRetentionPeriod: String(14 * 86_400),
    });
    expect(JSON.parse(Attributes?.RedrivePolicy ?? '{}')).toMatchObject({
      deadLetterTargetArn: expect.stringMatching(/-higher-dead-letters$/) as unknown,
    });
  });

  it('changes nothing when the same content is installed again, and replaces other content only when forced', async () => {
    const first = await installed(aWorker('again'));
    const second = await installed(aWorker('again'));
    const refused = await install('workers', aWorker('again', 'six==1.16.0\n', '1.1.0'));
    const forced = await installed(aWorker('again', 'six==1.16.0\n', '1.1.0'), true);

    expect(second.outcome).toBe('unchanged');
    expect(refused.status).toBe(409);
    expect(forced).toMatchObject({ outcome: 'replaced', worker: { version: '1.1.0' } });
    expect(forced.worker.hash).not.toBe(first.worker.hash);
  });

  it('stores nothing of a package with problems', async () => {
    const files = { ...aWorker('broken'), 'worker/settings.json': '{"python_version": "2.7"}' };
    const answer = await install('workers', files);

    expect(answer.status).toBe(400);
    expect((await api.call('GET', '/workers/broken')).status).toBe(404);
  });

  it('comes with the service of the same package', async () => {
    const files = aPackage(
      {
        name: 'both',
        jobs: [aJob({ worker: 'both' })],
        service: { required_workers: ['both>=1.0'] },
      },
      { 'worker/settings.json': '{}', 'worker/requirements.txt': 'six\n' },
    );
    const manifest = JSON.parse(files['dcm-processor.json'] as string) as object;
    const combined = {
      ...files,
      'dcm-processor.json': JSON.stringify({
        ...manifest,
        worker: { path: 'worker', type: 'venv' },
      }),
    };
    const { json } = await install('services', combined);

    expect(json as Installation).toMatchObject({
      outcome: 'installed',
      notes: [],
      worker: { outcome: 'installed', worker: { name: 'both', type: 'venv' } },
    });
  });
});

describe('a service that needs a worker', () => {
  const serviceOf = (version: string) =>
    aPackage({
      name: 'needy',
      jobs: [aJob({ worker: 'needed' })],
      service: { required_workers: [`needed${version}`] },
    });

  it('is refused without it, and with another version', async () => {
    expect(problemsOf(await install('services', serviceOf('>=2.0')))[0]).toContain(
      'which is not installed; run: gantry worker install',
    );
    await installed(aWorker('needed', 'six\n', '1.5.0'));
    expect(problemsOf(await install('services', serviceOf('>=2.0')))).toEqual([
      'needs the worker "needed>=2.0", but version 1.5.0 is installed',
    ]);
    expect((await install('services', serviceOf('>=1.5'))).status).toBe(200);
  });

  it('keeps the worker from being removed or replaced by a version that it cannot use', async () => {
    expect(problemsOf(await api.call('DELETE', '/workers/needed'))).toEqual([
      'the service needy needs the worker needed',
    ]);
    expect(problemsOf(await install('workers', aWorker('needed', 'six\n', '1.0.0'), true))).toEqual(
      ['the service needy needs needed>=1.5, and this is version 1.0.0'],
    );
  });

  it('gives it free when it is removed itself', async () => {
    await api.call('DELETE', '/services/needy');
    expect((await api.call('DELETE', '/workers/needed')).status).toBe(204);

    const { QueueUrls = [] } = await api.sqs.send(new ListQueuesCommand({}));
    expect(QueueUrls.filter((url) => url.includes('work-needed'))).toEqual([]);
    const names = (await api.call('GET', '/workers')).json as { items: Worker[] };
    expect(names.items.map(({ name }) => name)).not.toContain('needed');
  });
});

describe('a worker', () => {
  it('that every installation has cannot be removed', async () => {
    expect((await api.call('DELETE', '/workers/default')).status).toBe(409);
  });

  it('whose environment could not be made is failing, with what pip said', async () => {
    const { worker } = await installed(aWorker('failing'));
    await api.context.table.put(tableKeys.workerEnvironment('failing', worker.hash ?? ''), {
      state: 'FAILED',
      at: 1_700_000_000_000,
      python: '3.12.1',
      error: 'ERROR: No matching distribution found for nothing',
    });

    expect((await api.call('GET', '/workers/failing')).json).toMatchObject({
      state: 'failing',
      environment: {
        python: '3.12.1',
        error: expect.stringContaining('No matching distribution') as unknown,
      },
    });
  });
});
