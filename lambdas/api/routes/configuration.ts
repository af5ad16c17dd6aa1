/** The configuration as one document. */
import {
  Application,
  ApplyEnvelope,
  ApplyRequest,
  WholeConfiguration,
} from '../../../core/contracts/api-whole-configuration.ts';
import { applyConfiguration, exportConfiguration } from '../apply-configuration.ts';
import { route } from '../router.ts';

export const configurationRoutes = [
  route({
    method: 'GET',
    path: '/configuration',
    operation: 'getConfiguration',
    summary: 'The configuration as it is; applied, it changes nothing',
    response: WholeConfiguration,
    handle: async (context) => ({ json: await exportConfiguration(context) }),
  }),
  route({
    method: 'POST',
    path: '/configuration',
    operation: 'applyConfiguration',
    summary: 'Sets the sections that the document has, as a whole: all of it or nothing',
    body: ApplyEnvelope,
    bodyDescription: ApplyRequest,
    response: Application,
    handle: async (context, { body: { configuration, dryRun, keep } }) => ({
      json: await applyConfiguration(context, configuration, {
        dryRun: dryRun === true,
        keep: keep === true,
      }),
    }),
  }),
];
