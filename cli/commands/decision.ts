/** `gantry decision …`: why something did or did not happen, such as an association that was refused. */
import type { Command } from 'commander';
import { DecisionPage, type Decision } from '../../core/contracts/api.ts';
import { DAY_MS } from '../../core/contracts/day.ts';
import { addCommand } from '../lib/command.ts';
import { WrongUsage } from '../lib/failures.ts';
import { showTime } from '../lib/output.ts';
const MAX_DAYS = 366;

/** UTC days from `now` back to `since`, the latest first. */
const daysSince = (since: number, now: number): string[] => {
  const [newest, oldest] = [Math.floor(now / DAY_MS), Math.floor(Math.min(since, now) / DAY_MS)];
  if (newest - oldest >= MAX_DAYS) {
    throw new WrongUsage(`--since is more than ${String(MAX_DAYS)} days ago`);
  }
  return Array.from({ length: newest - oldest + 1 }, (_, index) =>
    new Date((newest - index) * DAY_MS).toISOString().slice(0, 10),
  );
};

export const addDecisionCommands = (program: Command): void => {
  const group = program.command('decision').description('why something did or did not happen');
  addCommand<{ aeTitle?: string; since?: string }>(
    group,
    'list',
    'decisions of today (UTC) or since a time, the latest first',
    (command) =>
      command
        .option('--ae-title <title>', 'about calls of this AE title only')
        .option('--since <time>', 'ISO 8601, such as 2026-05-31 or 2026-05-31T14:00:00Z'),
    async ({ api, output }, _, { aeTitle, since }) => {
      const now = Date.now();
      const from = since === undefined ? undefined : Date.parse(since);
      if (Number.isNaN(from)) throw new WrongUsage(`--since "${since ?? ''}" is no ISO 8601 time`);
      const query = {
        aeTitle,
        since: from === undefined ? undefined : new Date(from).toISOString(),
      };
      const decisions: Decision[] = [];
      for (const day of daysSince(from ?? now, now)) {
        decisions.push(...(await api.list(DecisionPage, '/decisions', { ...query, day })));
      }
      output.list(
        decisions,
        [
          { title: 'AT', value: ({ at }) => showTime(at) },
          { title: 'WHAT', value: ({ code }) => code },
          { title: 'AE TITLE', value: (item) => item.aeTitle },
          { title: 'FROM', value: ({ callingAeTitle }) => callingAeTitle },
          { title: 'WHY', value: ({ message }) => message },
        ],
        'no decision',
      );
    },
  );
};
