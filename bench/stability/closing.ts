/** One round: as many studies are sent as groups are to be open, and each is waited for until it is released. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import { sendFiles } from '../../cli/dimse/send-files.ts';
import { GroupPage, SessionPage, type Group } from '../../core/contracts/api.ts';
import { time, type RunningGantry } from '../../test/support/gantry.ts';
import { writeStudy } from '../instances.ts';
import type { Installation } from '../main-path/installation.ts';
import type { BareReleaser, BareReleases } from './bare-release.ts';
import type { InstalledCloud } from './installed-cloud.ts';
import { releaseParts, type ReleaseParts } from './release-parts.ts';

const ASSOCIATIONS = 4;
const PIXEL_BYTES = 1024;

/** Asking costs the machine something too: not before groups are due, and then seldom. */
const POLL_MS = 1000;
const RELEASED_WITHIN_MS = 120_000;
const SESSIONS_END_WITHIN_MS = 300_000;

export interface ClosingScene {
  readonly folder: string;
  readonly installation: Installation;
  readonly cloud: InstalledCloud;
  readonly aeTitle: string;
  readonly timeoutSeconds: number;
}

/** One sample for each group. */
export interface Closing {
  readonly lagsMs: readonly number[];
  readonly parts: readonly ReleaseParts[];
  /** When each was opened, after the first. */
  readonly openedAfterMs: readonly number[];
}

const releasedGroups = async (gantry: RunningGantry, aeTitle: string): Promise<Group[]> => {
  const groups: Group[] = [];
  let next: string | null = null;
  do {
    const from: string = next === null ? '' : `&next=${encodeURIComponent(next)}`;
    const page: z.infer<typeof GroupPage> = await gantry.get(
      GroupPage,
      `groups?aeTitle=${aeTitle}&state=RELEASED&limit=200${from}`,
    );
    groups.push(...page.items);
    next = page.next;
  } while (next !== null);
  return groups;
};

const untilReleased = async (
  { installation: { gantry }, aeTitle }: ClosingScene,
  studies: ReadonlySet<string>,
): Promise<Group[]> => {
  const deadline = Date.now() + RELEASED_WITHIN_MS;
  while (Date.now() < deadline) {
    const released = await releasedGroups(gantry, aeTitle);
    const ours = released.filter(({ key }) => studies.has(key));
    if (ours.length > studies.size) throw new Error('a group was released twice');
    if (ours.length === studies.size) return ours;
    await sleep(POLL_MS);
  }
  throw new Error(`not all groups were released within ${RELEASED_WITHIN_MS / 1000} s`);
};

/** Groups that were not all open at once would be another measurement. */
const checkAllOpen = (groups: readonly Group[]): void => {
  const lastOpened = Math.max(...groups.map(({ firstReceivedAt }) => time(firstReceivedAt)));
  const firstDue = Math.min(...groups.map(({ dueAt }) => time(dueAt)));
  if (lastOpened >= firstDue) {
    throw new Error(
      'the first group was due before the last was open: the machine is too slow or too busy for this number of groups',
    );
  }
};

/** A session that was begun is work for the machine: until there is none, nothing else is measured. */
const untilAllEnded = async ({ installation: { gantry } }: ClosingScene): Promise<void> => {
  const deadline = Date.now() + SESSIONS_END_WITHIN_MS;
  for (const state of ['PLANNING', 'RUNNING']) {
    const path = `sessions?state=${state}&limit=1`;
    while ((await gantry.get(SessionPage, path)).items.length > 0) {
      if (Date.now() > deadline) throw new Error('not all sessions have ended');
      await sleep(POLL_MS);
    }
  }
};

/** Throws if an image is not stored, or if the groups were not all open at the same time. */
export const closeGroups = async (scene: ClosingScene, count: number): Promise<Closing> => {
  const { folder, installation, aeTitle, timeoutSeconds, cloud } = scene;
  const studies = Array.from({ length: count }, () => writeStudy(folder, 1, PIXEL_BYTES));
  await Promise.all(
    Array.from({ length: Math.min(ASSOCIATIONS, count) }, async (_, lane) => {
      const paths = studies.flatMap(({ files }, index) =>
        index % ASSOCIATIONS === lane ? files : [],
      );
      const peer = { host: '127.0.0.1', port: installation.ports.dimse, timeoutMs: 60_000 };
      const called = { calledAe: aeTitle, callingAe: 'BENCH' };
      const { failed } = await sendFiles({ ...peer, ...called, paths });
      if (failed > 0) throw new Error('an image was not stored');
    }),
  );
  await sleep(timeoutSeconds * 1000);
  const groups = await untilReleased(
    scene,
    new Set(studies.map(({ studyInstanceUid }) => studyInstanceUid)),
  );
  checkAllOpen(groups);
  await untilAllEnded(scene);
  const opened = groups.map(({ firstReceivedAt }) => time(firstReceivedAt));
  const firstOpened = Math.min(...opened);
  return {
    lagsMs: groups.map(({ dueAt, releasedAt }) => time(releasedAt) - time(dueAt)),
    parts: await releaseParts(
      cloud,
      groups.map(({ id }) => id),
    ),
    openedAfterMs: opened.map((at) => at - firstOpened),
  };
};

/** As many groups at the same pace, by the calls alone. */
export const closeBare = async (
  scene: ClosingScene,
  releaser: BareReleaser,
  openedAfterMs: readonly number[],
): Promise<BareReleases> => {
  const bare = await releaser.releases(openedAfterMs);
  await untilAllEnded(scene);
  return bare;
};
