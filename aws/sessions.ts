/** The sessions of the table: their items, with the state index, and their graphs. */
import { isoTime } from '../core/contracts/day.ts';
import { z } from 'zod';
import { EdgeItem, JobItem, SessionItem } from '../core/contracts/items.ts';
import { stateIndexKeys, tableKeys } from '../core/contracts/keys.ts';
import type { SessionStore } from '../core/running/session-store.ts';
import { tableJobs } from './session-jobs.ts';
import { graphLookup, readEdges, readJobs } from './session-graphs.ts';
import { removeOtherGraphs, storePlan } from './session-plan.ts';
import { retrySession } from './session-retry.ts';
import type { Table } from './table.ts';

const StudyEntry = z.object({ id: z.string() });

/** DynamoDB takes 100 writes in a transaction; one of them is the session. */
const STUDIES_PER_TRANSACTION = 99;

export const tableSessions = (table: Table): SessionStore => {
  const graphOf = graphLookup(table);
  const studyEntry = (study: string, id: string) =>
    [tableKeys.studyIndex(study, 'S', id), { id }] as const;

  return {
    createSession: async (session) => {
      const studies = [...new Set(session.studies)];
      // The index may hold a session that is not there yet, and never lacks one that is.
      for (const study of studies.slice(STUDIES_PER_TRANSACTION)) {
        await table.put(...studyEntry(study, session.id));
      }
      return table.transact([
        table.write.put(
          tableKeys.session(session.id),
          {
            ...session,
            statePk: stateIndexKeys.session(session.state),
            stateSk: isoTime(session.createdAt),
          },
          { ifAbsent: true },
        ),
        ...studies
          .slice(0, STUDIES_PER_TRANSACTION)
          .map((study) => table.write.put(...studyEntry(study, session.id))),
      ]);
    },
    getSession: (id) => table.get(tableKeys.session(id), SessionItem),
    getJobs: async (id) => readJobs(table, await graphOf(id)),
    getJob: async (id, nodeId) => table.get((await graphOf(id)).job(nodeId), JobItem),
    getEdges: async (id) => readEdges(table, await graphOf(id)),
    getEdgesFrom: async (id, nodeId) => {
      const { pk, prefix } = (await graphOf(id)).edgesFrom(nodeId);
      return table.queryAll(pk, prefix, EdgeItem);
    },
    listSessions: (state, limit) =>
      table.queryState(stateIndexKeys.session(state), SessionItem, {
        newestFirst: true,
        ...(limit === undefined ? {} : { limit }),
      }),
    listSessionsOfStudy: async (study) =>
      (await table.queryAll(tableKeys.studyPartition(study), 'S#', StudyEntry)).map(({ id }) => id),

    storePlan: (session, jobs, edges, startedAt) =>
      storePlan(table, session, jobs, edges, startedAt),
    removeOtherGraphs: (session) => removeOtherGraphs(table, session),
    setToken: async (id, run, token) => {
      const kept = await table.update(tableKeys.session(id), {
        update: 'SET #token = :token',
        condition: '#run = :run AND #state IN (:planning, :running)',
        names: ['token', 'run', 'state'],
        values: { token, run, planning: 'PLANNING', running: 'RUNNING' },
      });
      return kept !== undefined;
    },
    restartSession: async (id, run) => {
      const restarted = await table.update(tableKeys.session(id), {
        update: 'SET #run = #run + :one REMOVE #token',
        condition: '#run = :run AND #state IN (:planning, :running)',
        names: ['token', 'run', 'state'],
        values: { run, one: 1, planning: 'PLANNING', running: 'RUNNING' },
      });
      return restarted !== undefined;
    },
    forgetVersions: async (id) => {
      const forgotten = await table.update(tableKeys.session(id), {
        update: 'REMOVE #versions',
        condition: 'attribute_exists(#versions)',
        names: ['versions'],
      });
      return forgotten !== undefined;
    },
    requestCancel: async (id, cancelledAt) => {
      const noted = await table.update(tableKeys.session(id), {
        update: 'SET #cancelledAt = if_not_exists(#cancelledAt, :cancelledAt)',
        condition: '#state IN (:planning, :running)',
        names: ['cancelledAt', 'state'],
        values: { cancelledAt, planning: 'PLANNING', running: 'RUNNING' },
      });
      return noted !== undefined;
    },
    retrySession: (id, run, reset) => retrySession(table, id, run, reset),
    finishSession: async (id, { state, reason, endedAt, run }) => {
      const finished = await table.update(tableKeys.session(id), {
        update:
          'SET #state = :state, #statePk = :statePk, #endedAt = :endedAt' +
          (reason === undefined ? ' REMOVE #reason' : ', #reason = :reason'),
        condition:
          '#state IN (:planning, :running)' + (run === undefined ? '' : ' AND #run = :run'),
        names: ['state', 'statePk', 'endedAt', 'reason', ...(run === undefined ? [] : ['run'])],
        values: {
          run,
          state,
          statePk: stateIndexKeys.session(state),
          endedAt,
          reason,
          planning: 'PLANNING',
          running: 'RUNNING',
        },
      });
      return finished !== undefined;
    },
    ...tableJobs(table, graphOf),
  };
};
