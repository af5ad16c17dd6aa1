/** Now: what is known to be wrong, what is collecting and when it is due, what is held, what runs. */
import {
  Group,
  GroupPage,
  SessionPage,
  Status,
  type SessionSummary,
} from '../../core/contracts/api.ts';
import { element, type View } from '../lib/view.ts';
import { ago, between, dueIn } from '../lib/words.ts';
import { confirmation } from './confirmation.ts';
import type { Page, PageContext } from './page.ts';
import {
  button,
  empty,
  facts,
  section,
  sessionLink,
  stateBadge,
  table,
  timeOf,
  type Column,
} from './parts.ts';
import { failureSentences } from '../lib/failures.ts';

const EVERY_MS = 3000;
/** Of each list; the API counts them all in the status. */
const MOST = 100;
const LATELY = 10;

interface Loaded {
  readonly status: Status;
  readonly collecting: readonly Group[];
  readonly closing: readonly Group[];
  readonly held: readonly Group[];
  readonly running: readonly SessionSummary[];
  readonly ended: readonly SessionSummary[];
}

/** What its instances have in common, such as `Study 1.2.3`. */
export const groupKey = ({ groupBy, keyValues }: Group): string =>
  (typeof groupBy === 'string' ? [groupBy] : groupBy)
    .map((keyword, index) => `${keyword} ${keyValues[index] ?? ''}`)
    .join(', ');

/** Whoever receives images counts a collecting group now and then, not at each of them. */
const imagesSoFar = ({ state, instanceCount }: Group): string =>
  `${state === 'COLLECTING' ? 'at least ' : ''}${instanceCount.toLocaleString('en')}`;

const figures = ({ openGroups, heldGroups, runningSessions, ...others }: Status): View =>
  facts([
    ['Open groups', String(openGroups)],
    ['Held groups', String(heldGroups)],
    ['Running sessions', String(runningSessions)],
    ['Instances in no group', String(others.unrouted)],
    ['Parked deliveries', String(others.parkedDeliveries)],
    ['Being deleted', String(others.reclaiming)],
    ['Runners', String(others.runners.length)],
  ]);

const problemList = (problems: readonly string[]): View =>
  problems.length === 0
    ? empty('No problem is known.')
    : element(
        'ul',
        { class: 'problems' },
        problems.map((problem) => element('li', {}, problem)),
      );

const only = (shown: number, all: number): View =>
  all > shown && empty(`The first ${shown} of ${all} are shown.`);

const GROUP_COLUMNS: readonly Column[] = [
  { title: 'AE title' },
  { title: 'Group' },
  { title: 'Images so far', figure: true },
  { title: 'Last image' },
  { title: 'Due' },
  { title: 'To do' },
];

const SESSION_COLUMNS: readonly Column[] = [
  { title: 'Session' },
  { title: 'State' },
  { title: 'AE title' },
  { title: 'Pipeline' },
  { title: 'Priority' },
  { title: 'Images', figure: true },
  { title: 'Jobs', figure: true },
  { title: 'Begun' },
  { title: 'Time', figure: true },
];

const sessionTable = (
  caption: string,
  sessions: readonly SessionSummary[],
  now: number,
  none: string,
): View =>
  sessions.length === 0
    ? empty(none)
    : table(
        caption,
        SESSION_COLUMNS,
        sessions.map((session) => ({
          key: session.id,
          cells: [
            sessionLink(session.id),
            stateBadge(session.state),
            session.aeTitle,
            session.pipeline,
            session.priority,
            String(session.instanceCount),
            String(session.jobs.length),
            timeOf(session.startedAt ?? session.createdAt),
            between(session.startedAt ?? session.createdAt, session.endedAt, now),
          ],
        })),
      );

export const nowPage = ({ api, now, redraw, reload, notify }: PageContext): Page => {
  let loaded: Loaded | undefined;
  /** The group that a person is asked about. */
  let asked: Group | undefined;
  const underWay = new Set<string>();

  const release = async (group: Group): Promise<void> => {
    underWay.add(group.id);
    redraw();
    try {
      await api.post(Group, `/groups/${encodeURIComponent(group.id)}/release`);
      notify({
        kind: 'done',
        sentences: [
          `The group ${groupKey(group)} of ${group.aeTitle} is complete; its sessions start soon.`,
        ],
      });
    } catch (error) {
      notify({ kind: 'failed', sentences: failureSentences(error) });
    }
    underWay.delete(group.id);
    reload();
  };

  const groupRow = (group: Group, todo: View) => ({
    key: group.id,
    cells: [
      group.aeTitle,
      element('span', { class: 'id' }, groupKey(group)),
      imagesSoFar(group),
      element(
        'time',
        { datetime: group.lastReceivedAt, title: group.lastReceivedAt },
        ago(group.lastReceivedAt, now()),
      ),
      group.state === 'CLAIMED'
        ? 'closing'
        : group.dueAt === null
          ? 'when a person says so'
          : element(
              'time',
              { datetime: group.dueAt, title: group.dueAt },
              dueIn(group.dueAt, now()),
            ),
      todo,
    ],
  });

  const releaseButton = (group: Group): View =>
    button(
      'Complete now',
      () => {
        asked = group;
        redraw();
      },
      {
        disabled: underWay.has(group.id),
        'aria-label': `Complete now: ${groupKey(group)} of ${group.aeTitle}`,
      },
    );

  const groupTable = (caption: string, groups: readonly Group[], none: string): View =>
    groups.length === 0
      ? empty(none)
      : table(
          caption,
          GROUP_COLUMNS,
          groups.map((group) =>
            groupRow(group, group.state === 'COLLECTING' && releaseButton(group)),
          ),
        );

  const question = (group: Group): View => {
    const close = (): void => {
      asked = undefined;
      redraw();
    };
    return confirmation({
      title: 'Complete this group now?',
      content: [
        facts([
          ['AE title', group.aeTitle],
          ['Group', element('span', { class: 'id' }, groupKey(group))],
          ['Images so far', imagesSoFar(group)],
          ['Last image', ago(group.lastReceivedAt, now())],
        ]),
        element(
          'p',
          {},
          'Its sessions start with what has arrived. What comes afterwards is late, and goes the way that the AE title has for late images. This cannot be taken back.',
        ),
      ],
      action: 'Complete now',
      onCancel: close,
      onConfirm: () => {
        close();
        void release(group);
      },
    });
  };

  const content = ({ status, collecting, closing, held, running, ended }: Loaded): View => [
    section('Problems', problemList(status.problems)),
    section('At a glance', figures(status)),
    section(
      'Open groups',
      groupTable(
        'Open groups',
        [...closing, ...collecting],
        'No group is open: whatever arrived has been released.',
      ),
      only(closing.length + collecting.length, status.openGroups - status.heldGroups),
    ),
    section(
      'Held groups',
      groupTable('Held groups', held, 'No group waits for a person.'),
      only(held.length, status.heldGroups),
    ),
    section(
      'Running sessions',
      sessionTable('Running sessions', running, now(), 'No session runs.'),
      only(running.length, status.runningSessions),
    ),
    section(
      'Sessions that ended last',
      sessionTable('Sessions that ended last', ended, now(), 'No session has ended yet.'),
    ),
    asked !== undefined && question(asked),
  ];

  return {
    title: () => 'Now',
    everyMs: () => EVERY_MS,
    load: async () => {
      const groups = (state: string, isHeld: boolean) =>
        api.get(GroupPage, '/groups', { state, held: isHeld, limit: MOST });
      const sessions = (query: Record<string, string | number>) =>
        api.get(SessionPage, '/sessions', query);
      const [status, collecting, closing, held, planning, running, latest] = await Promise.all([
        api.get(Status, '/status'),
        groups('COLLECTING', false),
        groups('CLAIMED', false),
        groups('COLLECTING', true),
        sessions({ state: 'PLANNING', limit: MOST }),
        sessions({ state: 'RUNNING', limit: MOST }),
        sessions({ limit: LATELY }),
      ]);
      loaded = {
        status,
        // The one that is due next first.
        collecting: collecting.items.toSorted((a, b) =>
          (a.dueAt ?? '') < (b.dueAt ?? '') ? -1 : 1,
        ),
        closing: closing.items,
        held: held.items,
        running: [...planning.items, ...running.items],
        ended: latest.items.filter(({ endedAt }) => endedAt !== null),
      };
    },
    view: () => loaded !== undefined && content(loaded),
  };
};
