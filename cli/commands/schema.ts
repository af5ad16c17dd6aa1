/** `gantry schema`: what a configuration file may hold, as JSON Schema. */
import type { Command } from 'commander';
import { z } from 'zod';
import { WholeConfiguration } from '../../core/contracts/api-whole-configuration.ts';
import { addCommand } from '../lib/command.ts';

export const addSchemaCommand = (program: Command): void => {
  addCommand(
    program,
    'schema',
    'the JSON Schema of gantry.json',
    (command) => command,
    ({ output }) => {
      output.document(z.toJSONSchema(WholeConfiguration, { io: 'input' }));
      return Promise.resolve();
    },
  );
};
