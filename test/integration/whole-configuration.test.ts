/** The configuration as a whole on a running Gantry: what was applied receives, and its session is told as it happens. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { WholeConfiguration } from '../../core/contracts/api-whole-configuration.ts';
import { RunningGantry } from '../support/gantry.ts';
import { echoscu, sent, storescu } from '../support/senders.ts';
import { makeVolume } from '../support/studies.ts';
import { until } from '../support/until.ts';

const gantry = new RunningGantry(inject('gantry'));
const to = { port: gantry.address.dimsePort, calledAeTitle: 'APPLIED' };

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-configuration-'));
  await gantry.done('service', 'install', './test/fixtures/services/trivial', '--force');
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const exported = async () =>
  WholeConfiguration.parse(JSON.parse((await gantry.done('export')).stdout));

/** A file with the configuration as it is, and AE titles beside it. */
const withAeTitles = async (aeTitles: Record<string, object>): Promise<string> => {
  const whole = await exported();
  const file = join(folder, 'gantry.json');
  await writeFile(
    file,
    JSON.stringify({
      ...whole,
      aeTitles: { ...whole.aeTitles, ...aeTitles },
      pipelines: { ...whole.pipelines, applied: { services: ['trivial'] } },
    }),
  );
  return file;
};

const APPLIED = { groupBy: 'Study', timeout: 5, pipelines: { applied: 'applied' } };

describe('gantry apply', () => {
  it('refuses a file with mistakes, names all of them, and changes nothing', async () => {
    const before = await exported();

    const refused = await gantry.cli(
      ...['apply', '-f'],
      await withAeTitles({
        APPLIED,
        WRONG: { timeout: -1, groupBy: 'Ward', pipelines: { x: 'nowhere' } },
      }),
    );

    expect(refused.code).toBe(1);
    for (const wrong of ['timeout', 'groupBy', 'nowhere']) expect(refused.stderr).toContain(wrong);
    expect(await exported()).toEqual(before);
  });

  it('shows the difference, makes it so within seconds, and then finds none', async () => {
    const before = await exported();
    const file = await withAeTitles({ APPLIED });

    const tried = await gantry.done('apply', '-f', file, '--dry-run');
    const afterTrial = await exported();
    await gantry.done('apply', '-f', file);
    const answer = await until('the new AE title', 10_000, async () => {
      const echo = await echoscu(to);
      return echo.code === 0 ? echo : undefined;
    });
    const again = await gantry.done('apply', '-f', file);

    expect(tried.stdout).toContain('+ add ae-title APPLIED');
    expect(afterTrial).toEqual(before);
    expect(answer.code).toBe(0);
    expect(again.stderr).toContain('nothing to change');
  });
});

describe('gantry session watch', () => {
  it('tells a session in sentences, from the association to the result', async () => {
    const { studyInstanceUid, files } = await makeVolume(2);

    await sent(storescu(to, files));
    const session = await until('the session', 60_000, async () => {
      const [found] = await gantry.sessionsOf(studyInstanceUid);
      return found;
    });
    const { stdout } = await gantry.done('session', 'watch', session.id);
    const explained = await gantry.done('session', 'explain', session.id);

    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toContain('MODALITY sent 2 instances in one association');
    expect(lines[1]).toContain('was opened for an instance from MODALITY');
    expect(stdout).toContain('The group was released: nothing had come during its quiet time');
    expect(lines.at(-2)).toContain('The session ended as SUCCEEDED');
    expect(lines.at(-1)).toBe('session SUCCEEDED');
    // Whoever looks on is told what anybody is told afterwards.
    for (const line of explained.stdout.split('\n').filter((text) => text.startsWith('  '))) {
      expect(stdout).toContain(line.slice(2));
    }
  });
});
