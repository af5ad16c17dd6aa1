/** Reads the environment variables that a program cannot do without, where it starts and nowhere else. */

/** The program was started without them: whoever deployed it has to say them. */
export class MissingVariables extends Error {
  override readonly name = 'MissingVariables';
  readonly variables: readonly string[];

  constructor(variables: readonly string[]) {
    super(`missing in the environment: ${variables.join(', ')}`);
    this.variables = variables;
  }
}

/** The values by name; throws MissingVariables with all that are unset or empty at once. */
export const readVariables = <Name extends string>(
  environment: Readonly<Record<string, string | undefined>>,
  names: readonly Name[],
): Readonly<Record<Name, string>> => {
  const missing = names.filter((name) => (environment[name] ?? '') === '');
  if (missing.length > 0) throw new MissingVariables(missing);
  return Object.fromEntries(names.map((name) => [name, environment[name] ?? ''])) as Record<
    Name,
    string
  >;
};
