/** The known word that a misspelt one most likely meant. */

const distance = (a: string, b: string): number => {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      current.push(
        Math.min(
          (previous[column] ?? 0) + 1,
          (current[column - 1] ?? 0) + 1,
          (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1),
        ),
      );
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
};

/** The known word with the fewest changed letters, upper and lower case alike; the first of equals. */
export const nearest = (word: string, known: readonly string[]): string | undefined => {
  let best: { name: string; changes: number } | undefined;
  for (const name of known) {
    const changes = distance(word.toLowerCase(), name.toLowerCase());
    if (best === undefined || changes < best.changes) best = { name, changes };
  }
  return best?.name;
};
