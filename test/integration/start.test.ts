/** `npm start` as a user has it: a ready block, an answer, and nothing left of it after Ctrl-C. */
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { REPOSITORY } from '../../local/settings.ts';
import { leftBehindIn } from '../support/processes-of.ts';
import { echoscu } from '../support/senders.ts';
import { discard } from '../support/shared-gantry.ts';
import { until } from '../support/until.ts';

describe('npm start', () => {
  it('prints a ready block, answers, and leaves no process behind on Ctrl-C', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gantry-start-'));
    const child = spawn(
      process.execPath,
      [join(REPOSITORY, 'local', 'bootstrap.mjs'), 'local/main.ts'],
      {
        env: {
          ...process.env,
          GANTRY_DIMSE_PORT: '0',
          GANTRY_HTTP_PORT: '0',
          GANTRY_AWS_PORT: '0',
          GANTRY_DATA_DIR: folder,
        },
        stdio: ['ignore', 'pipe', 'inherit'],
        detached: true,
      },
    );
    let printed = '';
    child.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString('utf8');
    });
    const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));

    const [, dimsePort = '', api = ''] = await until('the ready block', 240_000, () =>
      Promise.resolve(/DICOM +[^:\s]+:([0-9]+)[^]*API +(http:\S+)/.exec(printed) ?? undefined),
    );
    const health = await fetch(`${api}/health`);
    const echo = await echoscu({ port: Number(dimsePort), calledAeTitle: 'GANTRY' });
    // A terminal sends Ctrl-C to the whole group.
    process.kill(-(child.pid ?? 0), 'SIGINT');
    const code = await exit;
    const leftBehind = await leftBehindIn(folder);
    discard(folder);

    expect(health.status).toBe(200);
    expect(await health.json()).toMatchObject({ status: 'ready' });
    expect(echo.code).toBe(0);
    expect(code).toBe(0);
    expect(leftBehind).toEqual([]);
  }, 300_000);
});
