/** `gantry schema`: what a configuration file may hold, as JSON Schema. */
import type { Command } from 'commander';
import { z } from 'zod';
import {
  AeTitleSettings,
  DestinationSettings,
  PipelineSettings,
  SourceSettings,
} from '../../core/contracts/api-configuration.ts';
import { addCommand } from '../lib/command.ts';

const Configuration = z
  .strictObject({
    aeTitles: z.record(z.string(), AeTitleSettings).optional(),
    sources: z.record(z.string(), SourceSettings).optional(),
    destinations: z.record(z.string(), DestinationSettings).optional(),
    pipelines: z.record(z.string(), PipelineSettings).optional(),
  })
  .meta({ title: 'gantry.json', description: 'The configuration of a Gantry, by name' });

export const addSchemaCommand = (program: Command): void => {
  addCommand(
    program,
    'schema',
    'the JSON Schema of gantry.json',
    (command) => command,
    ({ output }) => {
      output.document(z.toJSONSchema(Configuration, { io: 'input' }));
      return Promise.resolve();
    },
  );
};
