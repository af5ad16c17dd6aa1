/** Where packages may come from, how their manifest is found, and what they may require of each other. */
import { createServer, type Server } from 'node:http';
import { mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Service } from '../../../core/contracts/api-packages.ts';
import { RunningGantry } from '../../support/gantry.ts';
import { packageFolder } from '../../support/package-folders.ts';
import { aJob, aPackage } from '../../support/packages.ts';
import { runProgram } from '../../support/program.ts';
import { aServiceFolder } from './site.ts';

const gantry = new RunningGantry(inject('gantry'));
const place = mkdtempSync(join(tmpdir(), 'gantry-sources-'));

const run = async (program: string, ...args: string[]): Promise<void> => {
  const outcome = await runProgram(program, args);
  if (outcome.code !== 0) throw new Error(`${program}: ${outcome.stderr}`);
};

/** A package that lies some folders deep, of which the manifest is to be found. */
const aNested = (name: string): string => {
  const files = aPackage({ name, jobs: [aJob({ jobName: name })] });
  return packageFolder(
    Object.fromEntries(Object.entries(files).map(([path, file]) => [`deep/er/${path}`, file])),
  );
};

const installed = async (name: string, source: string): Promise<Service> => {
  await gantry.done('service', 'install', source);
  return gantry.document(Service, 'service', 'show', name);
};

const archive = async (name: string, ending: string): Promise<string> => {
  const file = join(place, `${name}${ending}`);
  const folder = aNested(name);
  if (ending === '.zip') {
    const code = 'import shutil, sys; shutil.make_archive(sys.argv[1], "zip", sys.argv[2])';
    await run('python3', '-c', code, file.slice(0, -ending.length), folder);
  } else {
    await run('tar', '-caf', file, '-C', folder, '.');
  }
  return file;
};

/** A bare repository with the package, below {@link place}. */
const aRepository = async (name: string): Promise<string> => {
  const folder = aNested(name);
  const repository = join(place, `${name}.git`);
  const git = (...args: string[]) => run('git', '-C', folder, ...args);
  await git('init', '--quiet');
  await git('add', '.');
  await git(
    ...['-c', 'user.name=Roe', '-c', 'user.email=roe@example.org'],
    ...['commit', '--quiet', '-m', 'first'],
  );
  await run('git', 'clone', '--quiet', '--bare', folder, repository);
  return repository;
};

let server: Server;
let url: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    const file = join(place, new URL(request.url ?? '/', 'http://localhost').pathname);
    const isThere = statSync(file, { throwIfNoEntry: false })?.isFile() === true;
    response.writeHead(isThere ? 200 : 404).end(isThere ? readFileSync(file) : '');
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
});

afterAll(() => {
  server.close();
});

describe('§2 a package comes from', () => {
  it('a folder, by its absolute path; the manifest is found at any depth', async () => {
    expect(await installed('from-folder', aNested('from-folder'))).toMatchObject({
      jobs: [{ jobName: 'from-folder' }],
    });
  });

  it('a folder, by a path relative to where the command runs', async () => {
    const folder = relative(process.cwd(), aNested('from-relative'));

    expect((await installed('from-relative', folder)).name).toBe('from-relative');
  });

  it.each(['.zip', '.tar', '.tar.gz', '.tgz', '.tar.bz2', '.tar.xz'])(
    'an archive *%s',
    async (ending) => {
      const name = `from${ending.replaceAll('.', '-')}`;

      expect((await installed(name, await archive(name, ending))).name).toBe(name);
    },
  );

  it('an http URL of an archive', async () => {
    await archive('from-http', '.tar.gz');

    expect((await installed('from-http', `${url}/from-http.tar.gz`)).name).toBe('from-http');
  });

  it('a git repository', async () => {
    const repository = await aRepository('from-git');

    expect((await installed('from-git', `file://${repository}`)).name).toBe('from-git');
  });

  it('a git repository that a web server has as plain files', async () => {
    const repository = await aRepository('from-files');
    await run('git', '-C', repository, 'update-server-info');

    expect((await installed('from-files', `${url}/from-files.git`)).name).toBe('from-files');
  });

  it('several sources at once; what is wrong with one keeps no other out', async () => {
    const outcome = await gantry.cli(
      ...['service', 'install', join(place, 'nothing'), aNested('from-list')],
    );

    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('installed: from-list');
    expect(outcome.stderr).toContain('nothing');
  });
});

describe('§1.3 what a package requires', () => {
  const requiring = (name: string, service: object) =>
    gantry.cli('service', 'install', aServiceFolder({ name, jobs: [aJob()], service }));

  beforeAll(async () => {
    const folder = aServiceFolder({ name: 'required', version: '1.4.2', jobs: [] });
    await gantry.done('service', 'install', folder, '--force');
    const worker = packageFolder({
      'dcm-processor.json': JSON.stringify({
        name: 'required-worker',
        version: '2.0.0',
        worker: { path: 'worker', type: 'venv' },
      }),
      'worker/settings.json': '{}',
      'worker/requirements.txt': '',
    });
    await gantry.done('worker', 'install', worker, '--force');
  });

  it.each([
    'required',
    'required==1.4.2',
    'required>=1.0',
    'required===1.4.2',
    'required ~= 1.4.0',
    'required~1.4.0',
    'required!=2.0.0',
    'required<2',
    'required<=1.4.2',
  ])('is there: %s', async (requirement) => {
    const name = `needs-${Buffer.from(requirement).toString('hex')}`;

    expect((await requiring(name, { required_services: [requirement] })).code).toBe(0);
  });

  it('may come with the same command, in any order', async () => {
    const chain = [
      ['comes-last', ['comes-second']],
      ['comes-second', ['comes-first==1.0.0']],
      ['comes-first', []],
    ] as const;
    const folders = chain.map(([name, required]) =>
      aServiceFolder({ name, jobs: [aJob()], service: { required_services: required } }),
    );

    const outcome = await gantry.cli('service', 'install', ...folders);

    expect(outcome.stderr.match(/installed: \S+/g)).toEqual(
      chain.map(([name]) => `installed: ${name}`).reverse(),
    );
    expect(outcome.code).toBe(0);
  });

  it.each(['required>2', 'required==1.4', 'required~=1.3.0', 'nowhere'])(
    'is not there: %s',
    async (requirement) => {
      const refused = await requiring('needs-more', { required_services: [requirement] });

      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain(`needs the service "${requirement}"`);
    },
  );

  it('may be workers, whose versions are compared as well', async () => {
    const met = await requiring('needs-worker', { required_workers: ['required-worker>=2'] });
    const refused = await requiring('needs-more', { required_workers: ['required-worker<2'] });

    expect(met.code).toBe(0);
    expect(refused.stderr).toContain('"required-worker<2", but version 2.0.0 is installed');
  });
});

describe('§1.2 a package with both halves', () => {
  it('brings its worker along, which its jobs name', async () => {
    const folder = packageFolder(
      aPackage(
        { name: 'both', jobs: [aJob({ worker: 'both' })] },
        {
          'dcm-processor.json': JSON.stringify({
            name: 'both',
            version: '1.0.0',
            worker: { path: './worker/', type: 'virtualenv' },
            service: {
              module: './module',
              registry: 'registry/',
              jobs: [aJob({ worker: 'both' })],
            },
          }),
          'worker/settings.json': JSON.stringify({ python_version: '3.10' }),
        },
      ),
    );

    const service = await installed('both', folder);

    const { stdout } = await gantry.done('worker', 'show', 'both', '--json');
    expect(service.jobs[0]?.worker).toBe('both');
    expect(JSON.parse(stdout)).toMatchObject({ type: 'venv', pythonVersion: '3.10' });
  });
});

describe('§1.5 an installation', () => {
  it('of other content under a name that is there is refused, and replaces it with --force', async () => {
    const at = (version: string) => aServiceFolder({ name: 'again', version, jobs: [aJob()] });
    await gantry.done('service', 'install', at('1.0.0'));

    const refused = await gantry.cli('service', 'install', at('2.0.0'));
    await gantry.done('service', 'install', at('2.0.0'), '--force');

    expect(refused.code).toBe(1);
    expect((await gantry.document(Service, 'service', 'show', 'again')).version).toBe('2.0.0');
  });

  it('of a package that is wrong in several ways tells all of them, and stores nothing', async () => {
    const folder = aServiceFolder({
      name: 'wrong',
      jobs: [
        aJob({ jobName: 'a.b', workerEntry: 'x.y' }),
        aJob({ jobName: 'c', events: ['stable'], sortPosition: 'first' }),
      ],
    });

    const refused = await gantry.cli('service', 'install', folder);
    const shown = await gantry.cli('service', 'show', 'wrong');

    for (const told of ['jobName', 'workerEntry', 'stable', 'sortPosition']) {
      expect(refused.stderr).toContain(told);
    }
    expect([refused.code, shown.code]).toEqual([1, 1]);
  });

  it('takes events as a text, dependsOn as a text, and every form of a timeout', async () => {
    const forms = { a: '30m', b: '1h30m', c: 90, d: null, e: '' };
    const folder = aServiceFolder({
      name: 'forms',
      jobs: Object.entries(forms).map(([jobName, timeout]) =>
        aJob({ jobName, timeout, events: 'stable-series,stable-study', dependsOn: null }),
      ),
    });

    const service = await installed('forms', folder);

    expect(service.jobs.map(({ timeout }) => timeout)).toEqual([1800, 5400, 90, 3600, 3600]);
    expect(service.jobs[0]?.events).toEqual(['stable-series', 'stable-study']);
  });
});
