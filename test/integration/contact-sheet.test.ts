/** The example with a virtual environment of its own, and jobs that hand files on to each other. */
import { beforeAll, describe, expect, inject, it } from 'vitest';
import type { Session } from '../../core/contracts/api.ts';
import { jobNamed, RunningGantry } from '../support/gantry.ts';
import { sent, storescu } from '../support/senders.ts';
import { makeStudy, type Study } from '../support/studies.ts';

const gantry = new RunningGantry(inject('gantry'));

let study: Study;
let session: Session;

beforeAll(async () => {
  await gantry.done('service', 'install', './examples/services/contact-sheet');
  await gantry.aeTitle('SHEETS', ['contact-sheet']);
  study = await makeStudy();
  await sent(storescu({ port: gantry.address.dimsePort, calledAeTitle: 'SHEETS' }, study.files));
  session = await gantry.endedSession(study.studyInstanceUid, 240_000);
});

describe('the example contact-sheet', () => {
  it('makes a page for each series with pixels', () => {
    const series = study.series.filter(({ expected }) => expected !== null);

    expect(session.state).toBe('SUCCEEDED');
    expect(jobNamed(session, 'contact-sheet').result).toEqual({ pages: series.length });
  });

  it('makes the report after it, of what it left', () => {
    const report = jobNamed(session, 'report');

    expect(report.dependsOn).toEqual([jobNamed(session, 'contact-sheet').id]);
    expect(report.result).toMatchObject({ sent: [] });
    expect((report.result as { bytes: number }).bytes).toBeGreaterThan(1000);
  });
});
