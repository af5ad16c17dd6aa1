/**
 * Runs concurrent programs step by step in an order that a seed decides, and ends any of them in the middle:
 * each program waits at its gate before every effect, and the driver opens one gate at a time.
 */
import { setImmediate as turn } from 'node:timers/promises';

/** The program ended in the middle, as a process does that is killed. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

interface Waiting {
  readonly program: { dead: boolean };
  readonly open: () => void;
  readonly kill: () => void;
}

export interface Interleaving {
  /** Starts a program; `ended` hears whether it was killed. Any other error ends the whole run. */
  start(
    program: (gate: () => Promise<void>) => Promise<void>,
    ended: (killed: boolean) => void,
  ): void;
  /** Opens gates until no program is left. */
  run(): Promise<void>;
}

/** `killAt` says before each step whether the program that would make it is killed instead. */
export const interleaving = (random: () => number, killAt: () => boolean): Interleaving => {
  const waiting: Waiting[] = [];
  const failures: unknown[] = [];

  return {
    start: (program, ended) => {
      const self = { dead: false };
      const gate = () =>
        new Promise<void>((open, refuse) => {
          const kill = () => {
            self.dead = true;
            refuse(new Killed());
          };
          waiting.push({ program: self, open, kill });
        });
      program(gate).then(
        () => {
          ended(self.dead);
        },
        (error: unknown) => {
          if (!self.dead) failures.push(error);
          ended(self.dead);
        },
      );
    },
    run: async () => {
      await turn();
      while (waiting.length > 0) {
        const [next] = waiting.splice(Math.floor(random() * waiting.length), 1);
        if (next === undefined) break;
        if (next.program.dead || killAt()) next.kill();
        else next.open();
        await turn();
      }
      if (failures.length > 0) throw failures[0];
    },
  };
};
