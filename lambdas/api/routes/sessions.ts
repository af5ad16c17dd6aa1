/** Sessions: what runs and ran for released groups, with their jobs. */
import { z } from 'zod';
import { JobPage, Session, SessionPage, type Page } from '../../../core/contracts/api.ts';
import {
  isShown,
  toJob,
  toSession,
  toSessionSummary,
} from '../../../core/contracts/api-conversion.ts';
import { SessionItem } from '../../../core/contracts/items.ts';
import { stateIndexKeys } from '../../../core/contracts/keys.ts';
import { SESSION_STATES, SessionState } from '../../../core/contracts/vocabulary.ts';
import type { ApiContext } from '../context.ts';
import { pageOfList, pageOfStates, Paging } from '../paging.ts';
import { notFound } from '../problems.ts';
import { route } from '../router.ts';

const getSession = async ({ sessions }: ApiContext, id: string): Promise<SessionItem> => {
  const item = await sessions.getSession(id);
  if (item === undefined) throw notFound('session', id);
  return item;
};

const shownJobs = async ({ sessions }: ApiContext, id: string) =>
  (await sessions.getJobs(id)).filter(isShown);

const sessionsOfStudy = async ({ sessions }: ApiContext, study: string): Promise<SessionItem[]> => {
  const ids = await sessions.listSessionsOfStudy(study);
  const items = await Promise.all(ids.map((id) => sessions.getSession(id)));
  return items.filter((item) => item !== undefined).sort((a, b) => b.createdAt - a.createdAt);
};

export const sessionRoutes = [
  route({
    method: 'GET',
    path: '/sessions',
    operation: 'listSessions',
    summary: 'Sessions, in a state or of a study if asked so; the latest first',
    query: Paging.extend({
      state: SessionState.optional(),
      study: z.string().optional(),
      group: z.string().optional(),
    }),
    response: SessionPage,
    handle: async (context, { query: { state, study, group, ...paging } }) => {
      const keep = (item: SessionItem): boolean =>
        (state === undefined || item.state === state) &&
        (group === undefined || item.groupId === group);
      const page: Page<SessionItem> =
        study === undefined
          ? await pageOfStates(
              context.table,
              {
                partitions: (state === undefined ? SESSION_STATES : [state]).map(
                  stateIndexKeys.session,
                ),
                schema: SessionItem,
                idOf: ({ id }) => id,
                keep,
              },
              paging,
            )
          : pageOfList((await sessionsOfStudy(context, study)).filter(keep), paging);
      const items = await Promise.all(
        page.items.map(async (item) =>
          toSessionSummary(
            item,
            (await shownJobs(context, item.id)).map(({ id }) => id),
          ),
        ),
      );
      return { json: { items, next: page.next } };
    },
  }),
  route({
    method: 'GET',
    path: '/sessions/{id}',
    operation: 'getSession',
    summary: 'One session with its jobs, skipped ones included',
    response: Session,
    handle: async (context, { parameters: { id } }) => {
      const session = await getSession(context, id);
      return { json: toSession(session, await context.sessions.getJobs(id)) };
    },
  }),
  route({
    method: 'GET',
    path: '/sessions/{id}/jobs',
    operation: 'listSessionJobs',
    summary: 'The jobs of a session, in the order in which they were planned',
    query: Paging,
    response: JobPage,
    handle: async (context, { parameters: { id }, query }) => {
      await getSession(context, id);
      return { json: pageOfList((await shownJobs(context, id)).map(toJob), query) };
    },
  }),
];
