/** How sentences for people count things. */

/** `1 job`, `2 jobs`: for nouns that only take an s. */
export const plural = (count: number, noun: string): string =>
  `${String(count)} ${noun}${count === 1 ? '' : 's'}`;
