/** `gantry doctor` on a running Gantry: every check passes, the synthetic study goes the whole way, and faults are told. */
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { freePort } from '../support/free-port.ts';
import { RunningGantry } from '../support/gantry.ts';

const gantry = new RunningGantry(inject('gantry'));

const Report = z.object({
  checks: z.array(z.object({ check: z.string(), ok: z.boolean(), says: z.string() })),
});

beforeAll(async () => {
  await gantry.done('service', 'install', './test/fixtures/services/trivial', '--force');
  await gantry.aeTitle('DOCTOR', ['trivial'], '--group-by', 'Study');
});

const doctor = async (...args: readonly string[]) => {
  const outcome = await gantry.cli('doctor', '--json', ...args);
  return { code: outcome.code, ...Report.parse(JSON.parse(outcome.stdout)) };
};

describe('gantry doctor', () => {
  it('sends a study of nobody the whole way and says that all is well', async () => {
    const port = String(gantry.address.dimsePort);

    const { code, checks } = await doctor('--port', port, '--to', 'DOCTOR', '--study');

    const ofPath = checks.filter(({ check }) =>
      ['API', 'C-ECHO', 'C-STORE', 'sessions'].includes(check),
    );
    expect(ofPath.map(({ check, ok }) => ({ check, ok }))).toEqual([
      ...['API', 'C-ECHO', 'C-STORE', 'sessions'].map((check) => ({ check, ok: true })),
    ]);
    expect(ofPath.at(-1)?.says).toMatch(/SUCCEEDED/);
    expect(code).toBe(checks.every(({ ok }) => ok) ? 0 : 1);
  });

  it('tells a listener that cannot be reached, and ends with 1', async () => {
    const { code, checks } = await doctor('--port', String(await freePort()));

    expect(code).toBe(1);
    expect(checks.find(({ check }) => check === 'C-ECHO')).toMatchObject({ ok: false });
  });

  it('tells that nobody takes the study, and why', async () => {
    const port = String(gantry.address.dimsePort);

    const { code, checks } = await doctor('--port', port, '--to', 'NOBODY', '--study');

    expect(code).toBe(1);
    expect(checks.find(({ check }) => check === 'C-ECHO')?.ok).toBe(false);
    expect(checks.find(({ check }) => check === 'C-STORE')?.ok).toBe(false);
  });
});
