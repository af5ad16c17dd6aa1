/** The console in a real browser on a running Gantry. */
import { spawnSync } from 'node:child_process';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { CachedStudyPage } from '../../core/contracts/api-cache.ts';
import { openBrowser, openPage } from '../support/browser.ts';
import { RunningGantry } from '../support/gantry.ts';
import { sent, storescu } from '../support/senders.ts';
import { makeStudy, type Study } from '../support/studies.ts';
import { until } from '../support/until.ts';

const gantry = new RunningGantry(inject('gantry'));
const to = (calledAeTitle: string) => ({ port: gantry.address.dimsePort, calledAeTitle });

/** Of one patient, whose name a sender may make of whatever it likes. */
const aStudy = async (patientId: string, name: string): Promise<Study> => {
  const study = await makeStudy('--volume-only', '--slices', '2', '--patient-id', patientId);
  const { status, stderr } = spawnSync('dcmodify', [
    ...['-nb', '-m', `PatientName=${name}`, '-i', `StudyDescription=Scan of ${patientId}`],
    ...study.files,
  ]);
  if (status !== 0) throw new Error(stderr.toString());
  return study;
};

const open = async (address: string) => {
  const watched = await openPage(browser);
  await watched.page.goto(`${gantry.address.apiUrl}/${address}`);
  return watched;
};

const cachedStudies = async (aeTitle: string): Promise<string[]> => {
  const { items } = await gantry.get(CachedStudyPage, `cache/studies?aeTitle=${aeTitle}`);
  return items.map(({ studyInstanceUid }) => studyInstanceUid).sort();
};

const HOSTILE = '<img src=x onerror=alert(1)>^"Bob"';

let browser: Browser;
let studies: Study[];

beforeAll(async () => {
  await gantry.done('service', 'install', './examples/services/volume-report', '--force');
  await gantry.done('pipeline', 'set', 'console-report', '--service', 'volume-report');
  await gantry.done('ae-title', 'set', 'SHELF', '--processor', 'cache');
  studies = [await aStudy('CON-1', 'LOVELACE^ADA'), await aStudy('CON-2', HOSTILE)];
  await sent(
    storescu(
      to('SHELF'),
      studies.flatMap(({ files }) => files),
    ),
  );
  browser = await openBrowser();
});
afterAll(async () => {
  await browser.close();
});

describe('the page of a cache', () => {
  it('composes a session of two patients’ studies once that is confirmed, and leads to it', async () => {
    const { page, complaints } = await open('#/cache/SHELF');
    const compose = page.getByRole('button', { name: 'Compose a session' });
    const shown = await page.getByRole('table').innerText();

    for (const { patientId } of studies) {
      await page.getByRole('checkbox', { name: `ID ${patientId}` }).check();
    }
    await page.getByLabel('Pipeline').selectOption('console-report');
    await page.getByLabel('Priority').selectOption('higher');
    const refusedAtFirst = await compose.isDisabled();
    await page.getByRole('checkbox', { name: 'One session of 2 patients is meant' }).check();
    await compose.click();
    await page.getByRole('link', { name: /^Session s/ }).click();
    await page.locator('.headline', { hasText: 'SUCCEEDED' }).waitFor({ timeout: 90_000 });
    const id = new URL(page.url()).hash.replace('#/sessions/', '');
    const session = await gantry.session(id);
    await page.getByRole('button', { name: 'More of study-report' }).first().click();
    const text = await page.getByRole('main').innerText();

    expect(shown).toContain('<img src');
    expect(refusedAtFirst).toBe(true);
    expect(session).toMatchObject({ pipeline: 'console-report', priority: 'higher' });
    expect(session.studies.toSorted()).toEqual(
      studies.map(({ studyInstanceUid }) => studyInstanceUid).sort(),
    );
    expect(text).toContain('"instances": 2');
    expect(text).toContain('pre-services');
    expect(text).toMatch(/composed/);
    expect(complaints).toEqual([]);
  });

  it('cleans a study up after naming it, by keyboard alone, and nothing if it is left as it is', async () => {
    const [kept, going] = studies;
    const { page, complaints } = await open('#/cache/SHELF');
    const choice = page.getByRole('checkbox', { name: `Scan of ${going?.patientId ?? ''}` });
    await choice.focus();
    await page.keyboard.press('Space');
    const clean = page.getByRole('button', { name: 'Clean up …' });

    await clean.focus();
    await page.keyboard.press('Enter');
    const asked = await page.getByRole('dialog').innerText();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    const afterEscape = await cachedStudies('SHELF');
    const focusedAgain = await page.locator(':focus').innerText();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('status').getByText('1 study with 2 images handed over').waitFor();
    await choice.waitFor({ state: 'detached' });

    expect(asked).toContain('Delete 1 study of 1 patient from SHELF?');
    expect(asked).toContain('ID CON-2');
    expect(asked).toContain(going?.studyInstanceUid);
    expect(asked).not.toContain(kept?.studyInstanceUid);
    expect(afterEscape).toHaveLength(2);
    expect(focusedAgain).toBe('Clean up …');
    expect(await cachedStudies('SHELF')).toEqual([kept?.studyInstanceUid]);
    expect(complaints).toEqual([]);
  });

  it('says what to do where an AE title is no cache', async () => {
    const { page } = await open('#/cache/NOSHELF');

    const said = await page.locator('.empty', { hasText: 'NOSHELF' }).innerText();

    expect(said).toBe('NOSHELF is no AE title with the processor cache.');
  });
});

describe('the page of now', () => {
  it('completes a group that would wait on', async () => {
    await gantry.aeTitle('PATIENCE', ['volume-report'], '--timeout', '900');
    const study = await aStudy('CON-3', 'HOPPER^GRACE');
    await sent(storescu(to('PATIENCE'), study.files));
    const { page, complaints } = await open('#/now');
    const row = page.getByRole('row', { name: study.studyInstanceUid });

    const due = await row.innerText();
    await row.getByRole('button', { name: /^Complete now/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Complete now' }).click();
    await row.waitFor({ state: 'detached' });
    const session = await gantry.endedSession(study.studyInstanceUid);
    await page.getByRole('link', { name: session.id }).waitFor();

    expect(due).toMatch(/in 1[0-9] min/);
    expect(session).toMatchObject({ state: 'SUCCEEDED', instanceCount: 2 });
    expect(complaints).toEqual([]);
  });

  it('says that the API does not answer, keeps what it knew, and goes on when it answers again', async () => {
    const { page, complaints } = await open('#/now');
    await page.getByRole('heading', { name: 'At a glance' }).waitFor();

    await page.route('**/api/**', (route) => route.abort());
    const said = await page.getByRole('alert').innerText();
    const stillThere = await page.getByRole('heading', { name: 'At a glance' }).isVisible();
    await page.unroute('**/api/**');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('alert').waitFor({ state: 'detached' });

    expect(said).toContain('The API does not answer.');
    expect(said).toContain('What is shown is as it was');
    expect(stillThere).toBe(true);
    expect(complaints).toEqual([]);
  });
});

describe('the page of search', () => {
  it('tells the story of a study, and says so where nothing is known', async () => {
    const { page, complaints } = await open('#/search');
    const search = page.getByRole('searchbox');
    const uid = studies[0]?.studyInstanceUid ?? '';

    await search.fill('no such patient');
    await page.keyboard.press('Enter');
    await page.getByText('Nothing was received of').waitFor();
    await search.fill(uid);
    await page.getByRole('button', { name: 'Search' }).click();
    await page.getByRole('heading', { name: uid }).waitFor();
    const story = await until('the story', 30_000, async () => {
      const text = await page.getByRole('main').innerText();
      return text.includes('Session s') ? text : undefined;
    });

    expect(story).toMatch(/composed/);
    expect(new URL(page.url()).hash).toBe(`#/search/${uid}`);
    expect(complaints).toEqual([]);
  });
});
