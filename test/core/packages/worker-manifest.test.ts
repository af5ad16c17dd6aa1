/** What the worker's half of a package may say, and what every refusal says. */
import { describe, expect, it } from 'vitest';
import { readWorkerPackage, refersToFiles } from '../../../core/packages/worker-manifest.ts';

const manifest = (worker: unknown = { path: 'worker', type: 'venv' }, facts: object = {}): string =>
  JSON.stringify({ name: 'torch', version: '1.2.0', worker, ...facts });

const read = (
  settings: unknown = {},
  options: { manifest?: string; paths?: string[]; text?: string } = {},
) =>
  readWorkerPackage(options.manifest ?? manifest(), {
    paths: options.paths ?? ['settings.json', 'requirements.txt'],
    settings: options.text ?? JSON.stringify(settings),
  });

const accepted = (...parameters: Parameters<typeof read>) => {
  const reading = read(...parameters);
  if (!reading.ok) throw new Error(`refused: ${JSON.stringify(reading.problems)}`);
  return reading;
};

const problems = (...parameters: Parameters<typeof read>): string[] => {
  const reading = read(...parameters);
  if (reading.ok) throw new Error('accepted');
  return reading.problems.map(({ path, message }) => `${path ?? ''}: ${message}`);
};

const docker = { manifest: manifest({ path: 'worker', type: 'docker' }) };

describe('a venv worker', () => {
  it("has the Python that its settings name, and dcm-processor's default without them", () => {
    expect(accepted({ python_version: '3.12' }).worker).toMatchObject({
      name: 'torch',
      version: '1.2.0',
      type: 'venv',
      pythonVersion: '3.12',
    });
    expect(accepted({}).worker.pythonVersion).toBe('3.10');
  });

  it('may be called virtualenv', () => {
    const options = { manifest: manifest({ path: 'worker', type: 'virtualenv' }) };
    expect(accepted({}, options).worker.type).toBe('venv');
  });

  it('may say how large its runners are, and how many', () => {
    const worker = {
      ...{ path: './worker/', type: 'venv', gpu: 1, cpu: 4, memory: '16g' },
      ...{ slots: 2, maxRunners: 3, lingerSeconds: 60 },
    };
    expect(accepted({}, { manifest: manifest(worker) }).worker).toMatchObject({
      ...{ gpu: 1, cpu: 4, memoryMiB: 16_384, slots: 2, maxRunners: 3, lingerSeconds: 60 },
    });
  });

  it('without requirements is noted', () => {
    expect(accepted({}, { paths: ['settings.json'] }).notes).toEqual([
      expect.stringContaining('no requirements.txt'),
    ]);
  });

  it.each(['2.7', 'latest', '3.x'])('is refused with the Python %j', (python_version) => {
    expect(problems({ python_version })).toEqual([
      expect.stringMatching(
        /^worker\/settings.json: python_version: must be a version of Python 3/,
      ),
    ]);
  });
});

describe('a docker worker', () => {
  it('keeps what docker is called with', () => {
    const { worker, notes } = accepted(
      {
        image: 'registry.example.org:5000/team/lung:1.0',
        params: {
          command: [],
          run_kwargs: {
            device_requests: [{ count: -1, capabilities: [['gpu']] }],
            shm_size: '8g',
            network_mode: 'host',
            ipc_mode: 'host',
          },
        },
        pre_scripts: ['pre.py'],
        post_scripts: ['post.py'],
        data_dir: 'data',
      },
      { ...docker, paths: ['settings.json', 'pre.py', 'post.py', 'data/model.bin'] },
    );

    expect(notes).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^run_kwargs ipc_mode: without effect/),
        expect.stringMatching(/^run_kwargs network_mode: on AWS/),
      ]),
    );
    expect(worker.gpu).toBe(1);
    expect(worker.docker).toEqual({
      image: 'registry.example.org:5000/team/lung:1.0',
      buildKwargs: {},
      deviceRequests: [{ count: -1, capabilities: [['gpu']] }],
      shmSizeMiB: 8192,
      networkMode: 'host',
      runKwargs: { ipc_mode: 'host' },
      preScripts: ['pre.py'],
      postScripts: ['post.py'],
      dataDir: 'data',
      moduleDirMount: '/module',
      dataDirMount: '/data',
      sessionDirMount: '/session',
    });
  });

  it('takes an archive as its data, and a size of shared memory in bytes', () => {
    const { worker } = accepted(
      {
        build: 'Dockerfile',
        data_dir: 'data.tar.gz',
        params: { run_kwargs: { shm_size: 2 ** 30 } },
      },
      { ...docker, paths: ['Dockerfile', 'data.tar.gz'] },
    );
    expect(worker.docker).toMatchObject({ dataDir: 'data.tar.gz', shmSizeMiB: 1024 });
  });

  it('is refused with everything that is wrong with it', () => {
    expect(
      problems(
        {
          image: 'not an image!',
          python_version: '2.7',
          params: { run_kwargs: { volumes: {}, shm_size: 'big' } },
          module_dir_mount: 'module',
        },
        docker,
      ).map((text) => text.replace('worker/settings.json: ', '')),
    ).toEqual([
      expect.stringContaining('python_version: must be a version'),
      expect.stringContaining('image: is no image name'),
      expect.stringContaining('params.run_kwargs.volumes: is what Gantry says itself'),
      expect.stringContaining('module_dir_mount: must be an absolute path'),
    ]);
  });

  it('needs an image or a Dockerfile, and the files that it names', () => {
    expect(problems({}, docker)[0]).toContain('image: is missing');
    expect(
      problems({ build: 'Dockerfile', pre_scripts: ['pre.py'], data_dir: 'data' }, docker),
    ).toEqual([
      "worker/settings.json: build: the worker's folder has no file Dockerfile",
      "worker/settings.json: pre_scripts[0]: the worker's folder has no file pre.py",
      expect.stringContaining("data_dir: the worker's folder has no folder data"),
    ]);
  });
});

describe('any worker package', () => {
  it('is refused with all problems of manifest and settings at once', () => {
    expect(
      problems(
        { python_version: 'x' },
        {
          manifest: manifest(
            { path: 'worker', type: 'venv', gpu: -1, memory: 'much' },
            { name: 'default' },
          ),
        },
      ),
    ).toEqual([
      expect.stringContaining('name: must not be "default"'),
      expect.stringContaining('worker.gpu: must not be negative'),
      expect.stringContaining('worker.memory: is no amount of memory'),
      expect.stringContaining('python_version'),
    ]);
  });

  it('is told the type that it may have meant', () => {
    expect(problems({}, { manifest: manifest({ path: 'worker', type: 'dokcer' }) })[0]).toContain(
      'did you mean "docker"?',
    );
  });

  it('needs its folder with settings', () => {
    expect(readWorkerPackage(manifest(), { paths: [], settings: undefined })).toMatchObject({
      ok: false,
      problems: [{ path: 'worker/settings.json' }],
    });
    expect(problems({}, { text: '{' })[0]).toMatch(/^worker\/settings.json: is not JSON/);
  });

  it('that holds a service only says how to install that', () => {
    const reading = readWorkerPackage(JSON.stringify({ name: 'a', service: {} }), {
      paths: [],
      settings: undefined,
    });
    expect(reading).toMatchObject({
      ok: false,
      problems: [
        { path: 'worker', remedy: expect.stringContaining('gantry service install') as unknown },
      ],
    });
  });
});

describe('refersToFiles', () => {
  it.each([
    '-r base.txt',
    'numpy\n--constraint c.txt',
    './local',
    'lib @ file:lib.whl',
    'wheels/a.whl',
  ])('sees a file in %j', (text) => {
    expect(refersToFiles(text)).toBe(true);
  });

  it.each([
    '',
    'numpy==2.0\n# -r x\nscipy>=1',
    'a[b] ; python_version<"3.12"',
    '--index-url https://x/simple',
  ])('sees none in %j', (text) => {
    expect(refersToFiles(text)).toBe(false);
  });
});
