/** What the emulator says of its state when it was stopped: it ends in order also where it could not write it. */
import { existsSync, readFileSync } from 'node:fs';

/** The tables and what else the emulator keeps in memory are not, or not all, in the data folder. */
export class StateNotKept extends Error {
  override readonly name = 'StateNotKept';
  /** The services of which something is missing. */
  readonly services: readonly string[];

  constructor(folder: string, services: readonly string[], reason: string) {
    super(
      `The emulator could not write its state (${services.join(', ')}: ${reason}).\n` +
        `What came since the last start may be missing, and ${folder} may not start again; images are in ${folder}/emulator/s3.`,
    );
    this.services = services;
  }
}

const FAILED = /Persistence: (?:failed to save|error getting state for) ([^:\s]+): (.*)$/gm;

/** What the log of a stopped emulator says could not be kept; undefined when all of it was. */
export const stateNotKept = (folder: string, logFile: string): StateNotKept | undefined => {
  if (!existsSync(logFile)) return undefined;
  const failed = [...readFileSync(logFile, 'utf8').matchAll(FAILED)];
  if (failed.length === 0) return undefined;
  const services = failed.map(([, service = '']) => service);
  return new StateNotKept(folder, services, failed[0]?.[2] ?? '');
};
