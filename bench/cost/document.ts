/** docs/cost.md, made from the bills: tables of Markdown and the sentences between them. */
import type { Bills } from './bills.ts';
import { LEVERS } from './levers.ts';
import { total, type Line } from './line.ts';
import { HOURS_PER_MONTH, PRICES, PRICES_OF } from './prices.ts';
import { STUDY } from './study.ts';

export const GOALS = { standardAtRest: 130, thousandStudies: 8 } as const;

const usd = (value: number): string => value.toFixed(2);

const tableOf = (headings: readonly string[], rows: readonly (readonly string[])[]): string =>
  [
    `| ${headings.join(' | ')} |`,
    `|${headings.map((_, column) => (column === headings.length - 1 ? '---:' : '---')).join('|')}|`,
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ].join('\n');

const billTable = (lines: readonly Line[]): string =>
  tableOf(
    ['what', 'how it is counted', 'USD'],
    [
      ...lines.map(({ what, how, usd: price }) => [what, how, usd(price)]),
      ['**total**', '', `**${usd(total(lines))}**`],
    ],
  );

/** The whole file, with a newline at its end. */
export const costDocument = ({
  atRest,
  ingestAndControl,
  workersAndStorage,
}: Bills): string => `# What Gantry costs

Written by \`npm run bench -- cost\` from the synthesised templates, the calls that a study makes and the prices of
${PRICES_OF} in \`bench/cost/prices.ts\` (USD, us-east-1, without tax and without free tiers that end). Nothing here was read from a bill:
before you decide by it, compare the prices with those of your Region. A test fails when a change raises one of the sums by 10 %.

Goals: the standard profile at rest for at most ${GOALS.standardAtRest} USD a month; ingest and control of a thousand studies for at most ${GOALS.thousandStudies} USD.

## A month at rest

No study, no worker: what is there because it is deployed, one VPN connection with it. Without one, each is ${usd(PRICES.vpnConnectionHour * HOURS_PER_MONTH)} less.

${atRest.map(({ profile, note, lines }) => `### ${profile}: ${note}\n\n${billTable(lines)}`).join('\n\n')}

## A thousand studies: ingest and control

Each of ${STUDY.instances} instances and ${STUDY.megabytes} MB, received within ${STUDY.receptionSeconds} s, with ${STUDY.jobs} jobs and ${STUDY.resultMegabytes} MB of results. It is the same in each profile: images and items go through gateway endpoints, which cost nothing. How often what is called: \`bench/cost/study.ts\`; tests make the calls and count them.

${billTable(ingestAndControl)}

What would make it 5 USD:

${tableOf(
  ['change', 'its price', 'saves USD'],
  LEVERS.map(({ what, costs, saves }) => [what, costs, usd(saves)]),
)}

## Beside it: workers and storage

What the site's services use: a GPU job of ${STUDY.gpuSeconds} s and ${STUDY.jobs - 1} others of ${STUDY.cpuJobSeconds} s for each study, in bursts of twenty studies.

${billTable(workersAndStorage)}

The images of docker workers stay in their repository: 0.10 USD a GB and month, of which versions with the same base share its layers. Ten versions of 4 GB of their own are 4 USD.
Whoever wants less deletes by the tag, which is the worker's and the version's, once no session of it will be tried again: \`aws ecr batch-delete-image\`.

Virtual environments of \`venv\` workers stay in the bucket while they are used, and 30 days longer: 0.02 USD a GB and month. A runner that fetches one saves its time on PyPI and, in a profile with a NAT gateway, 0.045 USD for each GB that it would have installed through it; the bucket is reached through a gateway endpoint, which costs nothing.
`;
