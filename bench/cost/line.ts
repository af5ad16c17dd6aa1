/** One line of a bill. */
export interface Line {
  readonly what: string;
  /** How the sum comes about, in the units of its price. */
  readonly how: string;
  /** USD: a month at rest, or a thousand studies. */
  readonly usd: number;
}

export const total = (lines: readonly Line[]): number =>
  lines.reduce((sum, { usd }) => sum + usd, 0);
