/** An AE title as a command line takes it: it may have spaces in it. */
export const quoted = (aeTitle: string): string =>
  /^[A-Za-z0-9_.-]+$/.test(aeTitle) ? aeTitle : `'${aeTitle.replaceAll("'", `'\\''`)}'`;
