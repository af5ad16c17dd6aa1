/** The bill of a thousand studies: ingest and control, which are Gantry's own; and beside them workers and storage. */
import type { Line } from './line.ts';
import { PRICES } from './prices.ts';
import { STUDY, STUDY_CALLS } from './study.ts';

const STUDIES = 1000;

/** vCPUs and gigabytes of a runner, as infra/config.ts has them by default. */
const RUNNER = { vcpus: 1, gigabytes: 4 } as const;

/** A burst of studies shares one boot, linger and scale-in of a GPU machine. */
const GPU_TAIL = { seconds: 1200, studies: 20 } as const;

const line = (what: string, count: number, unit: string, price: number): Line => ({
  what,
  how: `${Number((count * STUDIES).toPrecision(4))} ${unit}`,
  usd: count * STUDIES * price,
});

/** Of receiving, deciding and telling: what the goal of 8 USD is for. Dearest first. */
export const ingestAndControl = (): Line[] => {
  const calls = STUDY_CALLS;
  return [
    line('Objects put', calls.objectPuts, 'puts', PRICES.objectPut),
    line('Objects read', calls.objectGets, 'gets', PRICES.objectGet),
    line('Table, writes', calls.tableWriteUnits, 'units', PRICES.tableWriteUnit),
    line('Table, reads', calls.tableReadUnits, 'units', PRICES.tableReadUnit),
    line('Queues', calls.sqsRequests, 'requests', PRICES.sqsRequest),
    line('State machines', calls.stateTransitions, 'transitions', PRICES.stateTransition),
    line('Functions, calls', calls.lambdaRequests, 'requests', PRICES.lambdaRequest),
    line('Functions, time', calls.lambdaGigabyteSeconds, 'GB-s', PRICES.lambdaArmGigabyteSecond),
    line('Load balancer', calls.balancerGigabytes, 'GB', PRICES.networkBalancerUnitHour),
    line('Results out over the VPN', calls.outGigabytes, 'GB', PRICES.internetOutGigabyte),
    line('Logs', calls.logGigabytes, 'GB', PRICES.logsIngestedGigabyte),
  ].sort((one, other) => other.usd - one.usd);
};

/** What the site's services use, and what it keeps: a month of it. */
export const workersAndStorage = (): Line[] => {
  const cpuHour =
    RUNNER.vcpus * PRICES.fargateArmVcpuHour + RUNNER.gigabytes * PRICES.fargateArmGigabyteHour;
  const gpuTail = GPU_TAIL.seconds / GPU_TAIL.studies;
  const hours = (seconds: number): number => seconds / 3600;
  return [
    line('GPU, at work', hours(STUDY.gpuSeconds), 'h', PRICES.gpuInstanceHour),
    line('GPU, boot and linger', hours(gpuTail), 'h', PRICES.gpuInstanceHour),
    line('Runners on Fargate', hours((STUDY.jobs - 1) * STUDY.cpuJobSeconds), 'h', cpuHour),
    line('Images, a month', STUDY.megabytes / 1000, 'GB', PRICES.objectGigabyteMonth),
  ];
};
