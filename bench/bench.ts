/** What every benchmark is to `bench/main.ts`. */
import type { Figures } from './figures.ts';

/** Adds its figures as it goes; `tell` says what is being measured. */
export type Bench = (
  figures: Figures,
  tell: (step: string) => void,
  /** Less of everything: to see that it works, not to measure. */
  quick: boolean,
) => Promise<void>;
