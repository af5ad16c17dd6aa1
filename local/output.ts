/** What `npm start` and `npm run demo` say to a person: steps with times, and the block when all is ready. */
import { relative } from 'node:path';
import type { StartedGantry } from './gantry.ts';

export const write = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

export interface ProgressOutput {
  /** Says that a step has been done, with the time since the last one. */
  readonly step: (text: string) => void;
  /** Seconds since the program started. */
  readonly seconds: () => number;
}

export const createProgress = ({ quiet }: { quiet: boolean }): ProgressOutput => {
  const start = performance.now();
  const seconds = (): number => (performance.now() - start) / 1000;
  return {
    seconds,
    step: (text) => {
      if (!quiet) write(`${seconds().toFixed(1).padStart(6)} s  ${text}`);
    },
  };
};

/** A folder as a person would type it. */
const shown = (folder: string): string => {
  const fromHere = relative(process.cwd(), folder);
  return fromHere.startsWith('..') ? folder : fromHere;
};

export const describeReady = (gantry: StartedGantry, seconds: number): string =>
  [
    '',
    `Gantry is ready (${seconds.toFixed(1)} s)`,
    `  DICOM   ${gantry.dimseHost}:${gantry.dimsePort}, AE title GANTRY`,
    ...(gantry.dimseTlsPort === undefined
      ? []
      : [`  DICOM   ${gantry.dimseHost}:${gantry.dimseTlsPort}, by TLS`]),
    `  console ${gantry.apiUrl}/`,
    `  API     ${gantry.apiUrl}/api/v1`,
    `  AWS     http://127.0.0.1:${gantry.awsPort} (emulated: AWS_ENDPOINT_URL)`,
    `  data    ${shown(gantry.dataDirectory)} (logs in ${shown(gantry.dataDirectory)}/logs)`,
    'Ctrl-C stops it; what it has received and done is there again at the next start.',
    '',
  ].join('\n');
