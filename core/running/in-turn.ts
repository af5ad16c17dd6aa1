/** Looking at many things in turns, when there are more than one round can look at. Nothing is remembered. */
import { shortHash } from '../contracts/keys.ts';

/**
 * About `most` of the items: those whose turn it is in this round. Each comes up once in as many rounds as it takes to
 * look at all, wherever others come and go.
 */
export const inTurn = <T>(
  items: readonly T[],
  idOf: (item: T) => string,
  most: number,
  round: number,
): readonly T[] => {
  const turns = Math.ceil(items.length / most);
  if (turns <= 1) return items;
  return items.filter((item) => parseInt(shortHash(idOf(item), 8), 16) % turns === round % turns);
};
