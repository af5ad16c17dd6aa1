/** Decisions: why something did or did not happen, the latest first. */
import { z } from 'zod';
import { DecisionPage } from '../../../core/contracts/api.ts';
import { toDecision } from '../../../core/contracts/api-conversion.ts';
import { dayOf } from '../../../core/contracts/day.ts';
import { DecisionRecord } from '../../../core/contracts/items.ts';
import { tableKeys } from '../../../core/contracts/keys.ts';
import { pageOfList, Paging } from '../paging.ts';
import { route } from '../router.ts';

export const decisionRoutes = [
  route({
    method: 'GET',
    path: '/decisions',
    operation: 'listDecisions',
    summary: 'Decisions of a day (UTC), today if none is named; the latest first',
    query: Paging.extend({
      day: z.iso.date().optional(),
      code: z.string().optional(),
      session: z.string().optional(),
      group: z.string().optional(),
      aeTitle: z.string().optional().describe('the called one'),
      since: z.iso.datetime({ offset: true }).optional(),
    }),
    response: DecisionPage,
    handle: async (
      { table, clock },
      { query: { day: asked, code, session, group, aeTitle, since, ...paging } },
    ) => {
      const day = asked ?? dayOf(clock());
      // Sort keys begin with the time of the decision, and therefore with the day.
      const records = await table.queryAll(tableKeys.decisionPartition(day), day, DecisionRecord);
      const kept = records
        .filter((record) => code === undefined || record.code === code)
        .filter((record) => session === undefined || record.sessionId === session)
        .filter((record) => group === undefined || record.groupId === group)
        .filter((record) => aeTitle === undefined || record.aeTitle === aeTitle)
        .filter((record) => since === undefined || record.at >= Date.parse(since))
        .reverse();
      return { json: pageOfList(kept.map(toDecision), paging) };
    },
  }),
];
