/** The frame around a page: navigation, what was said last, whether the API answers; and the loop that loads it. */
import { draw } from './draw.ts';
import { failureSentences, Refused, SignInEnded } from './failures.ts';
import { pauseMs } from './polling.ts';
import { element, type View } from './view.ts';
import { ago, dueIn } from './words.ts';
import type { Notice, Page, PageContext } from '../pages/page.ts';
import { button } from '../pages/parts.ts';

export interface AppOptions {
  readonly root: HTMLElement;
  readonly api: PageContext['api'];
  readonly sections: readonly { readonly name: string; readonly title: string }[];
  readonly pageAt: (
    hash: string,
    context: PageContext,
  ) => { readonly section: string; readonly page: Page };
  /** Starts the sign-in over; undefined where there is none. */
  readonly signIn: (() => void) | undefined;
}

const TICK_MS = 1000;

interface Shown {
  readonly page: Page;
  readonly section: string;
  loadedAt: number | undefined;
  failure: unknown;
  failures: number;
  nextAt: number | undefined;
  loading: boolean;
}

/** Shows the page of the window's address, and keeps it up to date, for as long as the window is there. */
export const startApp = ({ root, api, sections, pageAt, signIn }: AppOptions): void => {
  let notice: Notice | undefined;
  let shown: Shown;
  const now = (): number => Date.now();

  const failureView = ({ failure, loadedAt, nextAt }: Shown): View => {
    if (failure === undefined) return undefined;
    const ended = failure instanceof SignInEnded;
    return element(
      'div',
      { class: 'banner failed', role: 'alert', key: 'failure' },
      failureSentences(failure).map((sentence) => element('p', {}, sentence)),
      loadedAt !== undefined &&
        element(
          'p',
          {},
          `What is shown is as it was ${ago(new Date(loadedAt).toISOString(), now())}.`,
        ),
      element(
        'div',
        { class: 'buttons' },
        ended && signIn !== undefined
          ? button('Sign in again', signIn, { class: 'strong' })
          : [
              button('Try again', load),
              nextAt !== undefined &&
                // Not for a screen reader: it would be read out every second.
                element(
                  'span',
                  { class: 'hint', 'aria-hidden': 'true' },
                  `Tried again ${dueIn(new Date(nextAt).toISOString(), now())}.`,
                ),
            ],
      ),
    );
  };

  const noticeView = (): View =>
    notice !== undefined &&
    element(
      'div',
      { class: `banner ${notice.kind}` },
      notice.sentences.map((sentence) => element('p', {}, sentence)),
      element(
        'div',
        { class: 'buttons' },
        notice.link !== undefined && element('a', { href: notice.link.href }, notice.link.text),
        button('Dismiss', () => {
          notice = undefined;
          redraw();
        }),
      ),
    );

  const navigation = (): View =>
    element(
      'nav',
      { 'aria-label': 'Pages' },
      sections.map(({ name, title }) =>
        element(
          'a',
          {
            key: name,
            href: `#/${name}`,
            ...(name === shown.section ? { 'aria-current': 'page' } : {}),
          },
          title,
        ),
      ),
    );

  const freshness = ({ loadedAt, loading }: Shown): View =>
    element(
      'span',
      { class: 'freshness' },
      loadedAt === undefined
        ? loading && 'Loading …'
        : `As of ${ago(new Date(loadedAt).toISOString(), now())}`,
    );

  const redraw = (): void => {
    const { page } = shown;
    const title = page.title();
    document.title = `${title} · Gantry`;
    draw(
      root,
      element(
        'header',
        {},
        element('span', { class: 'name' }, 'Gantry'),
        navigation(),
        freshness(shown),
      ),
      element(
        'main',
        { id: 'main' },
        element('h1', { id: 'title', tabindex: -1 }, title),
        element('div', { class: 'notices', role: 'status' }, noticeView()),
        failureView(shown),
        shown.loadedAt === undefined
          ? shown.failure === undefined && element('p', { class: 'empty' }, 'Loading …')
          : element('div', { key: 'page', class: 'page' }, page.view()),
      ),
    );
  };

  const load = (): void => void loadNow(shown);

  const loadNow = async (current: Shown): Promise<void> => {
    if (current.loading) return;
    current.loading = true;
    current.nextAt = undefined;
    try {
      await current.page.load();
      current.loadedAt = now();
      current.failure = undefined;
      current.failures = 0;
    } catch (error) {
      current.failure = error;
      current.failures += 1;
    }
    current.loading = false;
    if (current !== shown) return;
    const every = current.page.everyMs();
    // What was refused stays refused until somebody changes it; a sign-in has to be made.
    const waits = current.failure instanceof SignInEnded;
    const pause = current.failure instanceof Refused ? 30_000 : (every ?? 5000);
    if (!waits && (every !== undefined || current.failures > 0)) {
      current.nextAt = now() + pauseMs(pause, current.failures);
    }
    redraw();
  };

  const context: PageContext = {
    api,
    now,
    redraw: () => {
      redraw();
    },
    reload: load,
    notify: (said) => {
      notice = said;
      redraw();
    },
    goTo: (address) => {
      window.location.hash = address;
    },
  };

  const open = (): Shown => ({
    ...pageAt(window.location.hash, context),
    loadedAt: undefined,
    failure: undefined,
    failures: 0,
    nextAt: undefined,
    loading: false,
  });

  shown = open();
  redraw();
  load();

  window.addEventListener('hashchange', () => {
    notice = undefined;
    shown = open();
    draw(root);
    redraw();
    load();
    document.getElementById('title')?.focus();
  });
  const tick = (): void => {
    if (document.hidden) return;
    if (shown.nextAt !== undefined && shown.nextAt <= now()) load();
    redraw();
  };
  window.setInterval(tick, TICK_MS);
  document.addEventListener('visibilitychange', tick);
};
