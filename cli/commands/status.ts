/** `gantry status`. */
import type { Command } from 'commander';
import { Status } from '../../core/contracts/api.ts';
import { addCommand } from '../lib/command.ts';

export const addStatusCommand = (program: Command): void => {
  addCommand(
    program,
    'status',
    'what runs, queue depths, open groups, running sessions, problems',
    (command) => command,
    async ({ api, output }) => {
      const status = await api.get(Status, '/status');
      if (output.json) {
        output.document(status);
        return;
      }
      const { queues, runners, problems, ...figures } = status;
      output.object(figures);
      output.line();
      output.table(queues, [
        { title: 'QUEUE', value: ({ name }) => name },
        { title: 'WAITING', value: ({ waiting }) => waiting },
        { title: 'IN FLIGHT', value: ({ inFlight }) => inFlight },
        { title: 'DELAYED', value: ({ delayed }) => delayed },
      ]);
      output.line();
      output.line(
        `runners: ${runners.map(({ id, worker }) => `${id} (${worker})`).join(', ') || 'none'}`,
      );
      for (const problem of problems) output.line(`problem: ${problem}`);
    },
  );
};
