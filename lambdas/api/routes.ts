/** All resources of the API. */
import { aeTitleRoutes } from './routes/ae-titles.ts';
import { auditRoutes } from './routes/audits.ts';
import { cacheRoutes } from './routes/cache.ts';
import { configurationRoutes } from './routes/configuration.ts';
import { controlRoutes } from './routes/control.ts';
import { decisionRoutes } from './routes/decisions.ts';
import { deliveryRoutes } from './routes/deliveries.ts';
import { destinationRoutes } from './routes/destinations.ts';
import { explanationRoutes } from './routes/explanations.ts';
import { groupHoldRoutes } from './routes/group-holds.ts';
import { groupRoutes } from './routes/groups.ts';
import { jobRoutes } from './routes/jobs.ts';
import { pipelineRoutes } from './routes/pipelines.ts';
import { serviceRoutes } from './routes/services.ts';
import { sessionRoutes } from './routes/sessions.ts';
import { sourceRoutes } from './routes/sources.ts';
import { systemRoutes } from './routes/system.ts';
import { unroutedRoutes } from './routes/unrouted.ts';
import { workerRoutes } from './routes/workers.ts';
import type { Route } from './router.ts';

export const ROUTES: readonly Route[] = [
  ...systemRoutes,
  ...configurationRoutes,
  ...aeTitleRoutes,
  ...sourceRoutes,
  ...destinationRoutes,
  ...pipelineRoutes,
  ...serviceRoutes,
  ...workerRoutes,
  ...groupRoutes,
  ...groupHoldRoutes,
  ...unroutedRoutes,
  ...deliveryRoutes,
  ...auditRoutes,
  ...cacheRoutes,
  ...sessionRoutes,
  ...jobRoutes,
  ...controlRoutes,
  ...decisionRoutes,
  ...explanationRoutes,
];
