/** docs/scale.md, made from the simulated hours. */
import { broken, BOOT_SECONDS, percentile, type Outcome } from './simulation.ts';
import { PEAK_HOUR } from './load.ts';
import { PRICES_OF } from '../cost/prices.ts';

const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;

const minutes = (seconds: number): string => (seconds / 60).toFixed(1);

const waitCells = ({ waits, mostRunners, runnerSeconds }: Outcome['cpu']): (string | number)[] => [
  minutes(percentile(waits, 0.5)),
  minutes(percentile(waits, 0.95)),
  mostRunners,
  (runnerSeconds / 3600).toFixed(0),
];

const section = (outcome: Outcome): string => {
  const breaks = broken(outcome);
  const rates = outcome.rates.map(({ limit, asks }) =>
    row([
      limit.name,
      asks < 10 ? asks.toFixed(1) : Math.round(asks),
      limit.allows,
      `${((100 * asks) / limit.allows).toFixed(0)} %`,
      limit.setting,
    ]),
  );
  return `### ${outcome.scenario.name}

${outcome.studies} studies came, ${outcome.busiestMinute} of them in the busiest minute.

| runners | median wait, min | 95 % wait, min | most at a time | hours paid |
|---|---:|---:|---:|---:|
${row(['Fargate', ...waitCells(outcome.cpu)])}
${row(['GPU', ...waitCells(outcome.gpu)])}

${breaks.length === 0 ? 'Nothing breaks.' : `Breaks, worst first:\n\n${breaks.map((text, index) => `${index + 1}. ${text}`).join('\n')}`}

| limit | asked in the busiest minute | allowed | use | moved by |
|---|---:|---:|---:|---|
${rates.join('\n')}`;
};

/** The whole file, with a newline at its end. */
export const scaleDocument = (
  outcomes: readonly Outcome[],
  seed: number,
): string => `# How far Gantry scales, on paper

Written by \`npm run bench -- scale\`: a simulation of one peak hour (seed ${seed}), not a measurement on AWS. ${PEAK_HOUR.inBursts * 100} % of the studies
come in bursts of ${PEAK_HOUR.burstSize} within a minute; each has ${PEAK_HOUR.instancesPerStudy} instances at ${PEAK_HOUR.instancesPerSecond} a second, three jobs of about a minute and a GPU job of about three.
A GPU machine needs ${BOOT_SECONDS.gpu} s from the start of a runner to its first job, a Fargate task ${BOOT_SECONDS.cpu} s. Limits are those of a new account, of ${PRICES_OF};
check them in yours; that a listener task takes 150 instances a second is an assumption. A 95 % wait of more than half an hour counts as broken: it is when the alarm rings. Rates are those of the busiest minute, because queues even out what is shorter.

${outcomes.map(section).join('\n\n')}
`;
