/** One session: how it stands, its jobs with reasons, results and errors, and its story. */
import { ExplanationPage, type ExplanationEvent } from '../../core/contracts/api-explanation.ts';
import { Session, type Job } from '../../core/contracts/api.ts';
import { apiPath } from '../lib/api-client.ts';
import { element, type View } from '../lib/view.ts';
import { between, count } from '../lib/words.ts';
import type { Page, PageContext } from './page.ts';
import {
  button,
  empty,
  facts,
  section,
  stateBadge,
  storyAddress,
  table,
  timeOf,
  type Column,
  type Row,
} from './parts.ts';
import { MOST_EVENTS, storyView } from './story.ts';

const EVERY_MS = 1500;

const COLUMNS: readonly Column[] = [
  { title: 'Job' },
  { title: 'State' },
  { title: 'Of' },
  { title: 'Service' },
  { title: 'Reason' },
  { title: 'Tries', figure: true },
  { title: 'Time', figure: true },
  { title: 'More' },
];

/** Results are small by contract; one that is not is read with the CLI. */
const RESULT_CHARACTERS = 20_000;

const shownResult = (job: Job): View => {
  if (job.resultElsewhere) {
    return empty(`The result is large: gantry job result ${job.id} prints it.`);
  }
  if (job.result === null || job.result === undefined) return empty('It returned nothing.');
  const text = JSON.stringify(job.result, undefined, 2);
  return text.length > RESULT_CHARACTERS
    ? empty(`The result is long: gantry job result ${job.id} prints it.`)
    : element('pre', { tabindex: 0 }, text);
};

const jobDetails = (job: Job, names: ReadonlyMap<string, string>): View => [
  facts([
    ['Id', element('span', { class: 'id' }, job.id)],
    ['Depends on', job.dependsOn.map((id) => names.get(id) ?? id).join(', ') || 'no other job'],
    ['Worker', job.worker ?? 'none: the platform runs it'],
    ['Queued', timeOf(job.queuedAt)],
    ['Started', timeOf(job.startedAt)],
    ['Ended', timeOf(job.endedAt)],
  ]),
  job.failedTries.length > 0 && [
    element('h3', {}, 'Tries that failed'),
    element(
      'ul',
      {},
      job.failedTries.map(({ attempt, state, reason, endedAt }) =>
        element('li', {}, timeOf(endedAt), ` Try ${attempt}: `, stateBadge(state), ` ${reason}`),
      ),
    ),
  ],
  job.error !== null && [
    element('h3', {}, 'Error'),
    element('p', {}, `${job.error.type}: ${job.error.message}`),
    Boolean(job.error.traceback) && element('pre', { tabindex: 0 }, job.error.traceback),
  ],
  job.state === 'SUCCEEDED' && [element('h3', {}, 'Result'), shownResult(job)],
];

/** Where every job and every reason is asked for again at a glance: how many are in each state. */
const summary = (jobs: readonly Job[]): View =>
  [...Map.groupBy(jobs, ({ state }) => state)].map(([state, of]) => [
    stateBadge(state),
    ` ${of.length} `,
  ]);

export const sessionPage = ({ api, now, redraw }: PageContext, id: string): Page => {
  let session: Session | undefined;
  let story: { readonly events: readonly ExplanationEvent[]; readonly more: boolean } | undefined;
  const open = new Set<string>();

  const jobRow = (job: Job, names: ReadonlyMap<string, string>): Row => {
    const isOpen = open.has(job.id);
    const toggle = (): void => {
      if (isOpen) open.delete(job.id);
      else open.add(job.id);
      redraw();
    };
    return {
      key: job.id,
      cells: [
        job.name,
        stateBadge(job.state),
        job.object === null
          ? ''
          : [`${job.object.level} `, element('span', { class: 'id' }, job.object.uid)],
        job.service ?? '',
        job.reason ?? '',
        job.attempts === 0 ? '' : String(job.attempts),
        between(job.startedAt, job.endedAt, now()) ?? '',
        button(isOpen ? 'Less' : 'More', toggle, {
          'aria-expanded': String(isOpen),
          'aria-label': `${isOpen ? 'Less' : 'More'} of ${job.name}`,
        }),
      ],
      ...(isOpen ? { below: jobDetails(job, names) } : {}),
    };
  };

  const content = (shown: Session): View => {
    const names = new Map(shown.jobs.map((job) => [job.id, job.name]));
    return [
      element(
        'p',
        { class: 'headline' },
        stateBadge(shown.state),
        shown.reason !== null && ` ${shown.reason}`,
      ),
      facts([
        ['AE title', shown.aeTitle],
        ['Pipeline', shown.pipeline],
        ['Called', shown.pipelineName],
        ['Priority', shown.priority],
        ['Images', count(shown.instanceCount, 'image', 'images')],
        ['Made', timeOf(shown.createdAt)],
        ['Begun', timeOf(shown.startedAt)],
        ['Ended', timeOf(shown.endedAt)],
        ['Time', between(shown.startedAt, shown.endedAt, now())],
        ['Group', element('span', { class: 'id' }, shown.groupId)],
        [
          shown.studies.length === 1 ? 'Study' : 'Studies',
          shown.studies.map((uid) =>
            element(
              'div',
              { key: uid },
              element('a', { href: storyAddress(uid), class: 'id' }, uid),
            ),
          ),
        ],
      ]),
      section(
        'Jobs',
        shown.jobs.length === 0
          ? empty('It has no jobs; its story says why.')
          : [
              element('p', {}, summary(shown.jobs)),
              table(
                'Jobs',
                COLUMNS,
                shown.jobs.map((job) => jobRow(job, names)),
              ),
            ],
      ),
      section(
        'Story',
        story === undefined ? empty('Loading …') : storyView(story.events, story.more),
      ),
    ];
  };

  return {
    title: () => `Session ${id}`,
    // Whoever cancels or retries it does so elsewhere: ended is not for ever.
    everyMs: () => ((session?.endedAt ?? null) === null ? EVERY_MS : 10 * EVERY_MS),
    load: async () => {
      const [read, told] = await Promise.all([
        api.get(Session, apiPath('sessions', id)),
        api.list(ExplanationPage, '/explanations', { session: id }, MOST_EVENTS),
      ]);
      session = read;
      story = { events: told.items, more: told.more };
    },
    view: () => session !== undefined && content(session),
  };
};
