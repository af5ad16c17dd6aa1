/** Whether Gantry is ready, and what it is doing. */
import { z } from 'zod';
import { AccountReport, Health, Status } from '../../../core/contracts/api.ts';
import { isoTime } from '../../../core/contracts/day.ts';
import { stateIndexKeys } from '../../../core/contracts/keys.ts';
import { PRIORITIES } from '../../../core/contracts/vocabulary.ts';
import { workQueueUrl } from '../../../core/running/start-job.ts';
import type { ApiContext } from '../context.ts';
import { route } from '../router.ts';
import { auditProblems } from '../audit-problems.ts';
import { certificateProblems } from '../certificate-problems.ts';

/** A status is read at a glance: beyond this many nobody needs an exact figure. */
const MAX_COUNT = 1000;

const countState = async (context: ApiContext, partitions: readonly string[]): Promise<number> => {
  const found = await Promise.all(
    partitions.map((partition) =>
      context.table.queryState(partition, z.object({}), { limit: MAX_COUNT }),
    ),
  );
  return found.flat().length;
};

/** Their due times are far ahead of all others. */
const countHeld = async (context: ApiContext): Promise<number> => {
  const latest = await context.table.queryState(
    stateIndexKeys.group('COLLECTING'),
    z.object({ held: z.boolean().optional() }),
    { newestFirst: true, limit: MAX_COUNT },
  );
  return latest.filter(({ held }) => held === true).length;
};

const queueDepths = async (context: ApiContext, workers: readonly string[]) => {
  const work = workers.flatMap((worker) =>
    PRIORITIES.map((priority): [string, string] => [
      `work-${worker}-${priority}`,
      workQueueUrl(context.workQueueUrlPrefix, worker, priority),
    ]),
  );
  const queues = [...Object.entries(context.platformQueues), ...work];
  return Promise.all(
    queues.map(async ([name, url]) => ({ name, ...(await context.queues.depth(url)) })),
  );
};

const runnersOf = async ({ runners, clock }: ApiContext, worker: string) =>
  (await runners.liveLeases(worker, clock())).map(({ runnerId, leaseUntil }) => ({
    id: runnerId,
    worker,
    leaseUntil: isoTime(leaseUntil),
  }));

export const systemRoutes = [
  route({
    method: 'GET',
    path: '/health',
    operation: 'getHealth',
    summary: 'Ready once the table answers',
    response: Health,
    handle: async ({ configuration, version, deployment }) => {
      await configuration.aeTitles.list();
      return { json: { status: 'ready', version, deployment } satisfies z.infer<typeof Health> };
    },
  }),
  route({
    method: 'GET',
    path: '/account',
    operation: 'checkAccount',
    summary: 'Whether the AWS account has the quotas and images that the deployment needs',
    response: AccountReport,
    handle: async (context) => ({ json: { checks: await context.checkAccount() } }),
  }),
  route({
    method: 'GET',
    path: '/status',
    operation: 'getStatus',
    summary: 'What runs, queue depths, open groups, problems',
    response: Status,
    handle: async (context) => {
      const workers = (await context.configuration.workers.list()).map(({ name }) => name);
      const [
        openGroups,
        heldGroups,
        runningSessions,
        unrouted,
        parked,
        reclaiming,
        queues,
        runners,
        services,
        certificate,
        audited,
      ] = await Promise.all([
        countState(context, ['COLLECTING', 'CLAIMED'].map(stateIndexKeys.group)),
        countHeld(context),
        countState(context, ['PLANNING', 'RUNNING'].map(stateIndexKeys.session)),
        countState(context, [stateIndexKeys.unrouted]),
        countState(context, [stateIndexKeys.parkedDelivery]),
        countState(context, [stateIndexKeys.handOver]),
        queueDepths(context, workers),
        Promise.all(workers.map((worker) => runnersOf(context, worker))).then((all) => all.flat()),
        context.configuration.services.list(),
        certificateProblems(context),
        auditProblems(context),
      ]);
      const unserved = workers.filter(
        (worker) =>
          !runners.some((runner) => runner.worker === worker) &&
          queues.some(({ name, waiting }) => name.startsWith(`work-${worker}-`) && waiting > 0),
      );
      const problems = [
        ...audited,
        ...certificate,
        ...unserved.map((worker) => `jobs wait for the worker ${worker}, and it has no runner`),
        ...(heldGroups > 0
          ? [`${heldGroups} groups of late instances are held; see: gantry group list --held`]
          : []),
        ...(unrouted > 0
          ? [`${unrouted} instances belong to no group; see: gantry unrouted list`]
          : []),
        ...(parked > 0
          ? [
              `processors failed with ${parked} instances or timers; see: gantry delivery list --parked`,
            ]
          : []),
        ...services.flatMap((service) =>
          service.jobs
            .filter(({ worker }) => worker !== null && !workers.includes(worker))
            .map(
              ({ jobName, worker }) =>
                `job ${jobName} of ${service.name} names the worker ${worker ?? ''}, which is not installed; the default worker runs it`,
            ),
        ),
      ];
      return {
        json: {
          status: 'ready',
          version: context.version,
          openGroups,
          heldGroups,
          runningSessions,
          unrouted,
          parkedDeliveries: parked,
          reclaiming,
          queues,
          runners,
          problems,
        } satisfies Status,
      };
    },
  }),
];
