/** What several pages show: states, times, tables, failures. */
import { failureSentences } from '../lib/failures.ts';
import { element, type Properties, type View } from '../lib/view.ts';
import { localTime } from '../lib/words.ts';

/** Good, bad, or on its way: said by the word, and once more by its colour. */
const TONES: Readonly<Record<string, string>> = {
  SUCCEEDED: 'good',
  RELEASED: 'good',
  FAILED: 'bad',
  TIMED_OUT: 'bad',
  CANCELLED: 'quiet',
  SKIPPED: 'quiet',
  EMPTY: 'quiet',
  WAITING: 'quiet',
};

export const stateBadge = (state: string): View =>
  element('span', { class: `state ${TONES[state] ?? 'busy'}` }, state.replace('_', ' '));

export const timeOf = (iso: string | null): View =>
  iso === null
    ? element('span', { class: 'none' }, '–')
    : element('time', { datetime: iso, title: iso }, localTime(iso));

export const sessionLink = (id: string): View =>
  element('a', { href: sessionAddress(id), class: 'id' }, id);

export const sessionAddress = (id: string): string => `#/sessions/${encodeURIComponent(id)}`;

export const storyAddress = (text: string): string => `#/search/${encodeURIComponent(text)}`;

export interface Column {
  readonly title: string;
  /** Figures stand at the right. */
  readonly figure?: boolean;
}

export interface Row {
  readonly key: string;
  /** One for each column; the first names the row. */
  readonly cells: readonly View[];
  /** Shown below the row, over its whole width. */
  readonly below?: View;
}

const rowView = (columns: readonly Column[], { key, cells, below }: Row): View => [
  element(
    'tr',
    { key },
    cells.map((cell, index) =>
      element(
        index === 0 ? 'th' : 'td',
        {
          ...(index === 0 ? { scope: 'row' } : {}),
          ...(columns[index]?.figure === true ? { class: 'figure' } : {}),
          'data-title': columns[index]?.title,
        },
        cell,
      ),
    ),
  ),
  below !== undefined &&
    element(
      'tr',
      { key: `${key} below`, class: 'below' },
      element('td', { colspan: columns.length }, below),
    ),
];

export const tableHead = (columns: readonly Column[]): View =>
  element(
    'thead',
    {},
    element(
      'tr',
      {},
      columns.map(({ title, figure }) =>
        element('th', { scope: 'col', ...(figure === true ? { class: 'figure' } : {}) }, title),
      ),
    ),
  );

/** A table that can be scrolled to the side, by keyboard too, where the window is narrow. */
export const scrolled = (caption: string, ...content: readonly View[]): View =>
  element(
    'div',
    { class: 'scrolled', tabindex: 0, role: 'region', 'aria-label': caption },
    element('table', {}, element('caption', { class: 'unseen' }, caption), content),
  );

export const table = (caption: string, columns: readonly Column[], rows: readonly Row[]): View =>
  scrolled(
    caption,
    tableHead(columns),
    element(
      'tbody',
      {},
      rows.map((row) => rowView(columns, row)),
    ),
  );

export const section = (title: string, ...content: readonly View[]): View =>
  element('section', { key: title }, element('h2', {}, title), content);

export const empty = (sentence: string): View => element('p', { class: 'empty' }, sentence);

export const button = (text: string, onclick: () => void, more: Properties = {}): View =>
  element('button', { type: 'button', onclick, ...more }, text);

/** Names and values, one under the other. */
export const facts = (entries: readonly (readonly [string, View])[]): View =>
  element(
    'dl',
    { class: 'facts' },
    entries.map(([name, value]) =>
      element('div', { key: name }, element('dt', {}, name), element('dd', {}, value)),
    ),
  );

export const failureList = (error: unknown): View =>
  failureSentences(error).map((sentence) => element('p', {}, sentence));
