/** Random numbers that are the same for the same seed, so that a table can be made again. */

/** Uniform in [0, 1): mulberry32. */
export const seeded = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** Exponential with the mean: the time between events that do not know of each other. */
export const exponential = (random: () => number, mean: number): number =>
  -mean * Math.log(1 - random());
