/** `gantry session …`: what runs and ran for released groups. */
import type { Command } from 'commander';
import { JobPage, Session, SessionPage, type Job } from '../../core/contracts/api.ts';
import { apiPath } from '../lib/api-client.ts';
import { addCommand, first } from '../lib/command.ts';
import { CommandFailed, WrongUsage } from '../lib/failures.ts';
import { showDuration, showTime, type Column } from '../lib/output.ts';
import { watchSession } from '../lib/session-watch.ts';
import { printExplanation } from './explain.ts';

const JOB_COLUMNS: readonly Column<Job>[] = [
  { title: 'ID', value: ({ id }) => id },
  { title: 'JOB', value: ({ name }) => name },
  { title: 'SERVICE', value: ({ service }) => service },
  {
    title: 'OBJECT',
    value: ({ object }) => (object === null ? '-' : `${object.level} ${object.uid}`),
  },
  { title: 'STATE', value: ({ state }) => state },
  { title: 'STARTED', value: ({ startedAt }) => showTime(startedAt) },
  { title: 'TOOK', value: ({ startedAt, endedAt }) => showDuration(startedAt, endedAt) },
  { title: 'REASON', value: ({ reason }) => reason },
];

export const addSessionCommands = (program: Command): void => {
  const group = program.command('session').description('runs of pipelines for released groups');
  addCommand<{ state?: string; study?: string; limit?: string }>(
    group,
    'list',
    'sessions, the latest first',
    (command) =>
      command
        .option('--state <state>', 'PLANNING, RUNNING, SUCCEEDED, FAILED, CANCELLED or EMPTY')
        .option('--study <uid>', 'in which this study is')
        .option('--limit <number>', 'at most so many'),
    async ({ api, output }, _, { state, study, limit }) => {
      const most = limit === undefined ? Infinity : Number(limit);
      if (Number.isNaN(most) || most < 1) throw new WrongUsage('--limit must be a number from 1');
      output.list(
        await api.list(SessionPage, '/sessions', { state: state?.toUpperCase(), study }, most),
        [
          { title: 'ID', value: ({ id }) => id },
          { title: 'AE TITLE', value: ({ aeTitle }) => aeTitle },
          { title: 'PIPELINE', value: ({ pipeline }) => pipeline },
          { title: 'PRIORITY', value: ({ priority }) => priority },
          { title: 'STATE', value: (item) => item.state },
          { title: 'INSTANCES', value: ({ instanceCount }) => instanceCount },
          { title: 'JOBS', value: ({ jobs }) => jobs.length },
          { title: 'CREATED', value: ({ createdAt }) => showTime(createdAt) },
          { title: 'TOOK', value: ({ startedAt, endedAt }) => showDuration(startedAt, endedAt) },
        ],
        'no session',
      );
    },
  );
  addCommand(
    group,
    'show <id>',
    'one session with its jobs',
    (command) => command,
    async ({ api, output }, values) => {
      const session = await api.get(Session, apiPath('sessions', first(values)));
      if (output.json) {
        output.document(session);
        return;
      }
      const { jobs, ...fields } = session;
      output.object(fields);
      output.line();
      output.table(jobs, JOB_COLUMNS);
    },
  );
  addCommand(
    group,
    'jobs <id>',
    'the jobs of a session',
    (command) => command,
    async ({ api, output }, values) => {
      output.list(
        await api.list(JobPage, apiPath('sessions', first(values), 'jobs')),
        JOB_COLUMNS,
        'no job',
      );
    },
  );
  addCommand(
    group,
    'explain <id>',
    'what happened to one session, and why',
    (command) => command,
    async (context, values) => {
      await printExplanation(context, { session: first(values) });
    },
  );
  addCommand(
    group,
    'cancel <id>',
    'ends every job of a session that has not ended',
    (command) => command,
    async ({ api, output }, values) => {
      const session = await api.post(Session, apiPath('sessions', first(values), 'cancel'));
      if (output.json) output.document(session);
      else output.line(`${session.id} is being cancelled; see: gantry session watch ${session.id}`);
    },
  );
  addCommand<{ job?: string; all?: boolean }>(
    group,
    'retry <id>',
    'runs again what failed, timed out or was cancelled, and what was skipped because of it',
    (command) =>
      command
        .option('--job <job>', 'only the job of this name, or this id')
        .option('--all', 'every job, those that succeeded too'),
    async ({ api, output }, values, { job, all }) => {
      const path = apiPath('sessions', first(values), 'retry');
      const session = await api.post(Session, path, { job, all });
      if (output.json) output.document(session);
      else output.line(`${session.id} runs again; see: gantry session watch ${session.id}`);
    },
  );
  addCommand(
    group,
    'watch <id>',
    'its story as it happens, from association to result; ends with 1 if it did not succeed',
    (command) => command,
    async ({ api, output }, values) => {
      const { state, reason } = await watchSession({ api, output, id: first(values) });
      if (!output.json) output.line(`session ${state}${reason === null ? '' : `: ${reason}`}`);
      if (state !== 'SUCCEEDED' && state !== 'EMPTY') {
        throw new CommandFailed(`the session ended as ${state}`);
      }
    },
  );
};
