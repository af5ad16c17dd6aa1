/** `gantry job …`: one job, what it printed, what it gave back. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { z } from 'zod';
import { Job, LOG_HEADERS } from '../../core/contracts/api.ts';
import { apiPath, type ApiClient } from '../lib/api-client.ts';
import { addCommand, first } from '../lib/command.ts';
import type { Output } from '../lib/output.ts';

const FOLLOW_EVERY_MS = 1000;

interface LogPart {
  readonly text: string;
  readonly nextOffset: number;
  readonly complete: boolean;
  readonly attempt: string | null;
}

const readLog = async (
  api: ApiClient,
  id: string,
  offset: number,
  attempt: string | undefined,
): Promise<LogPart> => {
  const { text, headers } = await api.text(apiPath('jobs', id, 'logs'), { offset, attempt });
  return {
    text,
    nextOffset: Number(headers.get(LOG_HEADERS.nextOffset) ?? offset),
    complete: headers.get(LOG_HEADERS.complete) !== 'false',
    attempt: headers.get(LOG_HEADERS.attempt),
  };
};

/** Nobody is to wonder whether the log of a job that was never started is lost. */
const tellWhyEmpty = async (api: ApiClient, output: Output, id: string): Promise<void> => {
  const { state, reason } = await api.get(Job, apiPath('jobs', id));
  output.message(`no log: the job is ${state}${reason === null ? '' : `: ${reason}`}`);
};

export const addJobCommands = (program: Command): void => {
  const group = program.command('job').description('jobs of a session');
  addCommand(
    group,
    'show <id>',
    'one job',
    (command) => command,
    async ({ api, output }, values) => {
      const job = await api.get(Job, apiPath('jobs', first(values)));
      if (output.json) {
        output.document(job);
        return;
      }
      const { error, ...fields } = job;
      output.object(fields);
      if (error !== null) output.line(`\n${error.type}: ${error.message}\n${error.traceback}`);
    },
  );
  addCommand<{ follow?: boolean; attempt?: string }>(
    group,
    'logs <id>',
    'what the job printed',
    (command) =>
      command
        .option('-f, --follow', 'go on until the job has ended')
        .option('--attempt <number>', 'of an earlier attempt'),
    async ({ api, output }, values, { follow, attempt }) => {
      const collected: string[] = [];
      let offset = 0;
      let shownAttempt: string | null = null;
      for (;;) {
        const part = await readLog(api, first(values), offset, attempt);
        // A new attempt has a log of its own, from its beginning.
        if (shownAttempt !== null && part.attempt !== shownAttempt && offset > 0) {
          offset = 0;
          shownAttempt = part.attempt;
          continue;
        }
        shownAttempt = part.attempt;
        if (output.json) collected.push(part.text);
        else output.raw(part.text);
        const progressed = part.nextOffset > offset;
        offset = part.nextOffset;
        if (part.complete || (follow !== true && !progressed)) break;
        if (!progressed) await delay(FOLLOW_EVERY_MS);
      }
      if (output.json) output.document({ job: first(values), log: collected.join('') });
      else if (offset === 0) await tellWhyEmpty(api, output, first(values));
    },
  );
  addCommand(
    group,
    'result <id>',
    'what the callback gave back, as JSON',
    (command) => command,
    async ({ api, output }, values) => {
      output.document(await api.get(z.unknown(), apiPath('jobs', first(values), 'result')));
    },
  );
  const acts = {
    cancel: ['ends a job that has not ended', 'is cancelled'],
    retry: [
      'runs a job of an ended session again, and what was skipped because of it',
      'runs again',
    ],
  } as const;
  for (const [act, [description, done]] of Object.entries(acts)) {
    addCommand(
      group,
      `${act} <id>`,
      description,
      (command) => command,
      async ({ api, output }, values) => {
        const job = await api.post(Job, apiPath('jobs', first(values), act));
        if (output.json) output.document(job);
        else output.line(`${job.name} ${done}; see: gantry session watch ${job.sessionId}`);
      },
    );
  }
};
