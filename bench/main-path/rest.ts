/** What each process of a Gantry that does nothing has in memory. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Figures } from '../figures.ts';
import { processTree, type ResidentProcess } from '../resident-memory.ts';

const REST_MS = 10_000;

/** Whatever is none of these was started by the emulator: the functions. */
const NAMES: readonly (readonly [RegExp, string])[] = [
  [/bootstrap\.mjs/, 'npm start: bootstrap'],
  [/local\/main\.ts/, 'npm start: launcher'],
  [/-m gantry_emulator/, 'emulator'],
  [/listener-[0-9a-f]+\.mjs/, 'listener'],
  [/runner-[0-9a-f]+\.mjs/, 'runner'],
];

const nameOf = ({ command }: ResidentProcess): string =>
  NAMES.find(([pattern]) => pattern.test(command))?.[1] ?? 'function';

/** Waits, and takes a sample of each process and one of all together. `state` says what they rest from. */
export const measureRest = async (figures: Figures, root: number, state = ''): Promise<void> => {
  await sleep(REST_MS);
  const processes = processTree(root).filter(({ command }) => !command.startsWith('ps '));
  const prefix = `resident at rest${state}`;
  for (const process of processes) {
    figures.add(`${prefix}, ${nameOf(process)}`, 'MiB', process.mebibytes);
  }
  const total = processes.reduce((sum, { mebibytes }) => sum + mebibytes, 0);
  figures.add(`${prefix}, all together`, 'MiB', total);
};
