/** Search: what happened to a study, a patient or an accession. Nothing is asked again by itself: a story is read. */
import { ExplanationPage, type ExplanationEvent } from '../../core/contracts/api-explanation.ts';
import { Refused } from '../lib/failures.ts';
import { element, type View } from '../lib/view.ts';
import type { Page, PageContext } from './page.ts';
import { button, empty, failureList, section, storyAddress } from './parts.ts';
import { MOST_EVENTS, storyView } from './story.ts';

interface Found {
  readonly events: readonly ExplanationEvent[];
  readonly more: boolean;
}

const askedFor = (found: Found | Refused | undefined, text: string): View => {
  if (found === undefined) {
    return empty(
      'Type a Study Instance UID, a Patient ID or an accession number to read what happened to it and why.',
    );
  }
  return section(
    text,
    found instanceof Refused
      ? element('div', { class: 'empty' }, failureList(found))
      : storyView(found.events, found.more),
  );
};

/** `text`: what was asked for last; empty at first. */
export const searchPage = ({ api, goTo, reload, redraw }: PageContext, text: string): Page => {
  let typed = text;
  let found: Found | Refused | undefined;
  const search = (): void => {
    const wanted = typed.trim();
    if (wanted === text) reload();
    else if (wanted !== '') goTo(storyAddress(wanted));
  };
  return {
    title: () => 'Search',
    everyMs: () => undefined,
    load: async () => {
      if (text === '') return;
      try {
        const query = { q: text };
        const { items, more } = await api.list(
          ExplanationPage,
          '/explanations',
          query,
          MOST_EVENTS,
        );
        found = { events: items, more };
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        found = error;
      }
    },
    view: () => [
      element(
        'form',
        { class: 'search', role: 'search', onsubmit: search },
        element('label', { for: 'wanted' }, 'Study Instance UID, Patient ID or accession number'),
        element(
          'div',
          { class: 'row' },
          element('input', {
            id: 'wanted',
            type: 'search',
            autocomplete: 'off',
            spellcheck: 'false',
            value: typed,
            oninput: ({ value }) => {
              typed = value;
              redraw();
            },
          }),
          button('Search', search, { type: 'submit', onclick: undefined, class: 'strong' }),
        ),
      ),
      askedFor(found, text),
    ],
  };
};
