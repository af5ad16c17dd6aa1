/** A story as the API tells it, in sections: what concerns no group, each group, each session. */
import type { ExplanationEvent } from '../../core/contracts/api-explanation.ts';
import { element, type View } from '../lib/view.ts';
import { sessionLink, timeOf } from './parts.ts';

/** More of it is told by `gantry explain`. */
export const MOST_EVENTS = 1000;

const titleOf = (groupId: string | null, sessionId: string | null): View =>
  sessionId !== null
    ? ['Session ', sessionLink(sessionId)]
    : groupId !== null
      ? ['Group ', element('span', { class: 'id' }, groupId)]
      : 'In no group';

/** In the order in which each was first heard of. */
export const storyView = (events: readonly ExplanationEvent[], more: boolean): View => [
  [...Map.groupBy(events, ({ groupId, sessionId }) => `${groupId ?? ''} ${sessionId ?? ''}`)].map(
    ([key, [first, ...others]]) =>
      first !== undefined &&
      element(
        'section',
        { key, class: 'story' },
        element('h3', {}, titleOf(first.groupId, first.sessionId)),
        element(
          'ol',
          {},
          [first, ...others].map(({ at, sentence, what }) =>
            element('li', { 'data-what': what }, timeOf(at), element('span', {}, sentence)),
          ),
        ),
      ),
  ),
  more &&
    element(
      'p',
      { class: 'empty' },
      `Only the first ${MOST_EVENTS} sentences are shown; gantry explain tells them all.`,
    ),
];
