/** Explanations: what happened to a study, a patient's images or an accession, and why. */
import { z } from 'zod';
import { ExplanationPage } from '../../../core/contracts/api-explanation.ts';
import { explainSession, explainText } from '../explanation.ts';
import { pageOfList, Paging } from '../paging.ts';
import { ApiProblem } from '../problems.ts';
import { route } from '../router.ts';

export const explanationRoutes = [
  route({
    method: 'GET',
    path: '/explanations',
    operation: 'explain',
    summary: 'What happened, the first thing first: of what q names, or of one session',
    query: Paging.extend({
      q: z
        .string()
        .trim()
        .min(1)
        .optional()
        .describe('a Study Instance UID, a Patient ID or an accession number'),
      session: z.string().min(1).optional(),
    }),
    response: ExplanationPage,
    handle: async (context, { query: { q, session, ...paging } }) => {
      if ((q === undefined) === (session === undefined)) {
        throw new ApiProblem('invalid-request', [
          { path: 'query', message: 'needs either q or session' },
        ]);
      }
      const events =
        session === undefined
          ? await explainText(context, q ?? '')
          : await explainSession(context, session);
      return { json: pageOfList(events, paging) };
    },
  }),
];
