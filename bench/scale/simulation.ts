/** One peak hour at one scale: arrivals, both kinds of runners, the rates of calls, and what of it breaks first. */
import { simulatePool, type Pool, type PoolOutcome } from './pool.ts';
import { arrivals, PEAK_HOUR, type Load } from './load.ts';
import { RATE_LIMITS, type Limit } from './quotas.ts';
import { exponential, seeded } from './random.ts';

export interface Scenario {
  readonly name: string;
  readonly load: Load;
  readonly cpu: Pool;
  readonly gpu: Pool;
}

/** Quiet time and planning: seconds from the last instance of a study to its first queued job. */
const RELEASE_SECONDS = 7;

/** Three jobs without a GPU and one with; a job's time has a fixed part and one that varies. */
const CPU_JOBS = 3;
const SECONDS = { cpuFixed: 30, cpuMore: 30, gpuFixed: 120, gpuMore: 60 } as const;

/** A machine with a GPU: capacity, boot, image of 5 to 8 GB; a Fargate task with ours. */
export const BOOT_SECONDS = { gpu: 270, cpu: 45 } as const;

/** What a new account has: 8 vCPUs of G instances are two g6.xlarge; and the defaults of the site. */
export const AS_DEPLOYED = {
  cpu: { slots: 4, maxRunners: 4, bootSeconds: BOOT_SECONDS.cpu, lingerSeconds: 300 },
  gpu: { slots: 1, maxRunners: 2, bootSeconds: BOOT_SECONDS.gpu, lingerSeconds: 300 },
} as const;

const scaled = (factor: number): Load => ({
  ...PEAK_HOUR,
  studiesPerHour: PEAK_HOUR.studiesPerHour * factor,
});

/** At each scale as deployed; and once with as many runners as it takes. */
export const SCENARIOS: readonly Scenario[] = [1, 10, 100].flatMap((factor) => [
  { name: `${250 * factor} studies/h, as deployed`, load: scaled(factor), ...AS_DEPLOYED },
  {
    name: `${250 * factor} studies/h, runners as needed`,
    load: scaled(factor),
    cpu: { ...AS_DEPLOYED.cpu, maxRunners: 10 * factor },
    gpu: { ...AS_DEPLOYED.gpu, maxRunners: 32 * factor },
  },
]);

export interface RateUse {
  readonly limit: Limit;
  /** In the busiest minute. */
  readonly asks: number;
}

export interface Outcome {
  readonly scenario: Scenario;
  readonly studies: number;
  /** Most studies that began within one minute. */
  readonly busiestMinute: number;
  readonly cpu: PoolOutcome;
  readonly gpu: PoolOutcome;
  /** Nearest to its limit first. */
  readonly rates: readonly RateUse[];
}

/** At nearest rank; 0 of none. */
export const percentile = (values: readonly number[], part: number): number => {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0;
};

const busiest = (times: readonly number[]): number => {
  const byMinute = Map.groupBy(times, (at) => Math.floor(at / 60));
  return Math.max(0, ...[...byMinute.values()].map((minute) => minute.length));
};

export const simulate = (scenario: Scenario, seed: number): Outcome => {
  const random = seeded(seed);
  const { load } = scenario;
  const began = arrivals(load, random);
  const lasts = load.instancesPerStudy / load.instancesPerSecond;
  const queued = began.map((at) => at + lasts + RELEASE_SECONDS);
  const jobs = (fixed: number, more: number, count: number) =>
    queued.flatMap((at) =>
      Array.from({ length: count }, () => ({ at, seconds: fixed + exponential(random, more) })),
    );
  const busiestMinute = busiest(began);
  const rates = RATE_LIMITS.map((limit) => ({
    limit,
    asks: ((limit.perStudyRate ?? 0) * busiestMinute) / 60,
  })).sort((one, other) => other.asks / other.limit.allows - one.asks / one.limit.allows);
  return {
    ...{ scenario, studies: began.length, busiestMinute, rates },
    cpu: simulatePool(scenario.cpu, jobs(SECONDS.cpuFixed, SECONDS.cpuMore, CPU_JOBS)),
    gpu: simulatePool(scenario.gpu, jobs(SECONDS.gpuFixed, SECONDS.gpuMore, 1)),
  };
};

/** A job that waits longer than the alarm allows is broken; so is a rate above what is allowed. */
const BROKEN_WAIT_SECONDS = 1800;

/** What breaks, worst first, with the setting that moves it; empty when nothing does. */
export const broken = ({ scenario, cpu, gpu, rates }: Outcome): string[] => {
  const waits = [
    { what: 'GPU runners', outcome: gpu, pool: scenario.gpu },
    { what: 'runners on Fargate', outcome: cpu, pool: scenario.cpu },
  ].flatMap(({ what, outcome, pool }) => {
    const p95 = percentile(outcome.waits, 0.95);
    return p95 > BROKEN_WAIT_SECONDS
      ? [
          {
            by: p95 / BROKEN_WAIT_SECONDS,
            text: `${pool.maxRunners} ${what}: \`maxRunners\` of the worker${what.startsWith('GPU') ? ' and the quota "Running On-Demand G and VT instances"' : ''}`,
          },
        ]
      : [];
  });
  const over = rates
    .filter(({ asks, limit }) => asks > limit.allows)
    .map(({ asks, limit }) => ({
      by: asks / limit.allows,
      text: `${limit.name}, ${Math.round(asks)} of ${limit.allows}: ${limit.setting}`,
    }));
  return [...waits, ...over].sort((one, other) => other.by - one.by).map(({ text }) => text);
};
