/** Installing, changing and removing services, over a real bucket and real functions. */
import { GetFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lambdaFunctions } from '../../../aws/functions.ts';
import type { Installation, Service, Upload } from '../../../core/contracts/api-packages.ts';
import { objectKeys } from '../../../core/contracts/object-keys.ts';
import { RegistryAnswer } from '../../../core/contracts/messages.ts';
import { makeHandler } from '../../../lambdas/api/handler.ts';
import { startEmulatedApi, type ApiAnswer, type EmulatedApi } from '../../support/emulated-api.ts';
import { aJob, aPackage, unzip, zipOf, type PackageFiles } from '../../support/packages.ts';

let api: EmulatedApi;

beforeAll(async () => {
  api = await startEmulatedApi();
}, 60_000);

afterAll(() => api.stop());

const uploaded = async (body: Buffer<ArrayBuffer>): Promise<string> => {
  const { json } = await api.call('POST', '/uploads');
  const { uploadId, url } = json as Upload;
  const { status } = await fetch(url, { method: 'PUT', body });
  expect(status).toBe(200);
  return uploadId;
};

const install = async (files: PackageFiles, force = false): Promise<ApiAnswer> =>
  api.call('POST', '/services', { uploadId: await uploaded(await zipOf(files)), force });

const installed = async (files: PackageFiles, force = false): Promise<Installation> => {
  const { status, json, text } = await install(files, force);
  if (status !== 200) throw new Error(text);
  return json as Installation;
};

const problemsOf = ({ json }: ApiAnswer): string[] =>
  (json as { problems: { message: string }[] }).problems.map(({ message }) => message);

describe('installing a service', () => {
  it('stores module and registry with their modes, and without caches', async () => {
    const { service } = await installed(
      aPackage(
        { name: 'stored' },
        {
          'module/bin/tool': { text: '#!/bin/sh\n', mode: 0o100755 },
          'module/__pycache__/a.pyc': 'x',
          'README.md': 'no part of it',
        },
      ),
    );

    const { objects } = api.context;
    const module = await unzip(
      await objects.getBytes(objectKeys.serviceModule('stored', service.hash)),
    );
    const registry = await unzip(
      await objects.getBytes(objectKeys.serviceRegistry('stored', service.hash)),
    );
    expect(Object.keys(module)).toEqual(['__init__.py', 'bin/tool']);
    expect(module['bin/tool']).toEqual({ mode: 0o755, text: '#!/bin/sh\n' });
    expect(module['__init__.py']?.mode).toBe(0o644);
    expect(Object.keys(registry)).toEqual(['service_registry/__init__.py']);
  });

  it('makes a function that runs the registry callbacks', async () => {
    const { service } = await installed(aPackage({ name: 'called' }));

    const configuration = await api.lambda.send(
      new GetFunctionConfigurationCommand({ FunctionName: service.registryFunction }),
    );
    const answer = await lambdaFunctions(api.lambda).invoke(service.registryFunction, {
      sessionId: 's1',
      jobName: 'segment',
      registryEntry: 'callback',
      timeoutSeconds: 5,
      objects: [{ objectId: 'o1', headers: {}, params: {}, addedParams: {} }],
    });
    expect(configuration).toMatchObject({
      Runtime: 'python3.13',
      Handler: 'gantry_registry.handler',
      Timeout: 300,
      MemorySize: 512,
    });
    expect(RegistryAnswer.parse(answer)).toEqual({
      answers: [{ objectId: 'o1', outcome: 'run', addedParams: { from: 'registry' } }],
    });
  }, 20_000);

  it('finds a package in a folder of the archive', async () => {
    const inFolder = Object.fromEntries(
      Object.entries(aPackage({ name: 'nested' })).map(([path, file]) => [`a/b/${path}`, file]),
    );

    expect((await installed(inFolder)).service.name).toBe('nested');
  });

  it('stores a package of version 1 below its name, and answers for its functions', async () => {
    const { service, notes } = await installed({
      'top/registry/settings.json': JSON.stringify({
        jobName: 'old-job',
        worker: 'old.worker',
        callback: 'old.callback',
      }),
      'top/registry/__init__.py': 'def callback(**kwargs):\n    return True\n',
      'top/module/__init__.py': 'def worker(**kwargs):\n    return None\n',
      'top/module/requirements.txt': 'numpy\n',
    });

    const { objects } = api.context;
    const module = await unzip(
      await objects.getBytes(objectKeys.serviceModule('old', service.hash)),
    );
    const registry = await unzip(
      await objects.getBytes(objectKeys.serviceRegistry('old', service.hash)),
    );
    expect(Object.keys(module)).toEqual([
      ...['__init__.py', 'v1/old/__init__.py', 'v1/old/requirements.txt'],
    ]);
    expect(Object.keys(registry)).toEqual([
      'service_registry/__init__.py',
      'service_registry/v1/old/__init__.py',
      'service_registry/v1/old/settings.json',
    ]);
    expect(service.jobs).toMatchObject([{ workerEntry: 'old.worker', v1: true }]);
    expect(notes).toEqual([
      expect.stringContaining('when the AE title groups by patient'),
      expect.stringContaining('its requirements.txt is not used'),
    ]);
  });

  it('changes nothing when the same content is installed again', async () => {
    const files = aPackage({ name: 'twice', jobs: [aJob({ jobName: 'twice' })] });
    const first = await installed(files);
    const second = await installed(files);

    expect(first.outcome).toBe('installed');
    expect(second).toEqual({ outcome: 'unchanged', service: first.service, notes: [] });
  });

  it('replaces other content only when forced, in the same place of the order', async () => {
    const jobs = [aJob({ jobName: 'replaced' })];
    const other = aPackage({ name: 'replaced', version: '2.0.0', jobs });
    const first = await installed(aPackage({ name: 'replaced', jobs }));
    await api.call('PUT', '/services/replaced/params', { key: 'a', value: 1 });

    const refused = await install(other);
    const forced = await installed(other, true);

    expect(refused).toMatchObject({ status: 409, json: { code: 'already-installed' } });
    expect(refused.text).toContain('--force');
    expect(forced).toMatchObject({
      outcome: 'replaced',
      service: { version: '2.0.0', installedAt: first.service.installedAt },
    });
    expect(forced.service.hash).not.toBe(first.service.hash);
    expect(forced.notes).toEqual([expect.stringContaining("this site's changes")]);
  });

  it('notes what will run otherwise than the package asks', async () => {
    const jobs = [aJob({ jobName: 'noted', worker: 'gpu', dependsOn: ['elsewhere'] })];

    const { notes } = await installed(aPackage({ name: 'noted', jobs }));

    expect(notes).toEqual([
      'job noted: the worker "gpu" is not installed; the default worker runs it',
      'job noted: depends on elsewhere, which no installed service has yet',
    ]);
  });

  it('notes that another service has a job of the same name for the same event', async () => {
    await installed(aPackage({ name: 'first', jobs: [aJob({ jobName: 'same' })] }));
    const jobs = [
      aJob({ jobName: 'same', events: ['stable-study'] }),
      aJob({ jobName: 'same', events: ['stable-series'] }),
    ];

    const { notes } = await installed(aPackage({ name: 'second', jobs }));

    expect(notes).toEqual([
      expect.stringContaining('job same: first has a job of this name for the same event'),
    ]);
  });

  it('notes what a registry imports that its callbacks do not have', async () => {
    const files = { 'registry/rules.py': 'import numpy as np\n' };
    const jobs = [aJob({ jobName: 'counts' })];

    const { notes } = await installed(aPackage({ name: 'counts', jobs }, files));

    expect(notes).toEqual([expect.stringContaining('registry/rules.py imports numpy')]);
  });

  it('refuses a package whose requirements are not installed, naming all of them', async () => {
    await installed(aPackage({ name: 'base', version: '1.5.0' }));
    const required = (services: string[], workers: string[] = []) =>
      aPackage({
        name: 'needy',
        service: { required_services: services, required_workers: workers },
      });

    const refused = await install(required(['base>=2', 'missing'], ['gpu', 'default']));
    const met = await installed(required(['base~=1.4'], ['default']));

    expect(refused).toMatchObject({ status: 409, json: { code: 'unmet-requirements' } });
    expect(problemsOf(refused)).toEqual([
      expect.stringContaining('"base>=2", but version 1.5.0 is installed'),
      expect.stringContaining('the service "missing", which is not installed'),
      expect.stringContaining('the worker "gpu", which is not installed'),
    ]);
    expect(met.outcome).toBe('installed');
  });

  it.each<[string, PackageFiles, string[]]>([
    [
      'without module/__init__.py',
      aPackage({}, { 'module/__init__.py': undefined }),
      ['module/__init__.py is missing'],
    ],
    [
      'with a circle',
      aPackage({
        jobs: [aJob({ jobName: 'a', dependsOn: ['b'] }), aJob({ jobName: 'b', dependsOn: ['a'] })],
      }),
      ['dependsOn goes in a circle (stable-series): a → b → a'],
    ],
    [
      'with a bad timeout and without registry/__init__.py',
      aPackage({ jobs: [aJob({ timeout: 'soon' })] }, { 'registry/__init__.py': undefined }),
      [
        'job segment: timeout is not a duration: "soon"; write "30m", "1h", "1h30m" or a number of seconds',
        'registry/__init__.py is missing',
      ],
    ],
    [
      'without a manifest',
      { 'module/__init__.py': '' },
      ['is missing: the package has no such file in any of its folders'],
    ],
    [
      'with a symbolic link',
      aPackage({}, { 'module/link': { text: '/etc/passwd', mode: 0o120777 } }),
      ['is a symbolic link; put the file itself into the package'],
    ],
  ])('refuses a package %s', async (_, files, messages) => {
    const refused = await install(files);

    expect(refused).toMatchObject({ status: 400, json: { code: 'invalid-package' } });
    expect(problemsOf(refused)).toEqual(messages);
  });

  it('refuses what is no zip, and an upload that never came', async () => {
    const garbage = await api.call('POST', '/services', {
      uploadId: await uploaded(Buffer.from('no zip at all')),
    });
    const { json } = await api.call('POST', '/uploads');
    const nothing = await api.call('POST', '/services', {
      uploadId: (json as Upload).uploadId,
    });

    expect(problemsOf(garbage).join()).toMatch(/no readable zip archive/);
    expect(nothing).toMatchObject({ status: 409, json: { code: 'upload-missing' } });
  });

  it('deletes the upload whether it was installed or refused', async () => {
    const uploadId = await uploaded(await zipOf({ 'a.txt': '' }));
    await api.call('POST', '/services', { uploadId });

    expect(await api.context.objects.size(objectKeys.upload(uploadId))).toBeUndefined();
  });
});

describe('changing a service', () => {
  it('sets a parameter of one job or of all, and switches jobs off and on', async () => {
    const jobs = [aJob({ jobName: 'a', params: { m: { x: 1 } } }), aJob({ jobName: 'b' })];
    await installed(aPackage({ name: 'changed', jobs }));

    await api.call('PUT', '/services/changed/params', { job: 'a', key: 'm.y', value: 2 });
    await api.call('PUT', '/services/changed/params', { key: 'all', value: [true] });
    await api.call('POST', '/services/changed/disable', { job: 'b' });
    await api.call('POST', '/services/changed/disable', {});
    await api.call('POST', '/services/changed/enable', {});
    const service = (await api.call('GET', '/services/changed')).json as Service;

    expect(service.disabled).toBe(false);
    expect(service.jobs).toMatchObject([
      { jobName: 'a', params: { m: { x: 1, y: 2 }, all: [true] }, disabled: false },
      { jobName: 'b', params: { all: [true] }, disabled: true },
    ]);
  });

  it('keeps what somebody else changes or installs at the same moment', async () => {
    const jobs = [aJob({ jobName: 'a' }), aJob({ jobName: 'b' })];
    await installed(aPackage({ name: 'contended', jobs }));
    const { configuration } = api.context;
    let meanwhile: (() => Promise<unknown>) | undefined;
    const services = {
      ...configuration.services,
      get: async (name: string) => {
        const item = await configuration.services.get(name);
        const somebodyElse = meanwhile;
        meanwhile = undefined;
        await somebodyElse?.();
        return item;
      },
    };
    const context = { ...api.context, configuration: { ...configuration, services } };
    const handle = makeHandler(() => Promise.resolve(context));
    const put = (body: object) =>
      handle({
        rawPath: '/api/v1/services/contended/params',
        requestContext: { http: { method: 'PUT' } },
        body: JSON.stringify(body),
      });
    const paramsNow = async () => {
      const { json } = await api.call('GET', '/services/contended');
      return (json as Service).jobs.map(({ params }) => params);
    };

    meanwhile = () =>
      api.call('PUT', '/services/contended/params', { job: 'b', key: 'theirs', value: 1 });
    await put({ job: 'a', key: 'mine', value: 2 });
    expect(await paramsNow()).toEqual([{ mine: 2 }, { theirs: 1 }]);

    meanwhile = () =>
      installed(
        aPackage({ name: 'contended', jobs, version: '2.0.0' }, { 'module/b.py': '' }),
        true,
      );
    const answer = await put({ job: 'a', key: 'mine', value: 3 });
    expect(JSON.parse(answer.body)).toMatchObject({ version: '2.0.0' });
    expect(await paramsNow()).toEqual([{ mine: 3 }, {}]);
  });

  it('refuses a job that the service does not have, and a key that is none', async () => {
    await installed(aPackage({ name: 'strict' }));

    const job = await api.call('POST', '/services/strict/disable', { job: 'x' });
    const key = await api.call('PUT', '/services/strict/params', { key: 'a..b', value: 1 });

    expect(job).toMatchObject({
      status: 404,
      json: { problems: [{ remedy: 'its jobs: segment' }] },
    });
    expect(key).toMatchObject({ status: 400, json: { code: 'invalid-request' } });
  });

  it('removes a service unless a pipeline names it', async () => {
    await installed(aPackage({ name: 'removed' }));
    await api.call('PUT', '/pipelines/p', { services: ['removed'] });
    const refused = await api.call('DELETE', '/services/removed');
    await api.call('DELETE', '/pipelines/p');
    const removed = await api.call('DELETE', '/services/removed');

    expect(refused).toMatchObject({ status: 409, json: { code: 'in-use' } });
    expect(removed.status).toBe(204);
  });
});
