/**
 * `required_services` and `required_workers` of a package: names, each with an optional comparison of
 * versions. The original reads them and then ignores them; here what is missing is said at install.
 */

export interface Requirement {
  readonly name: string;
  readonly operator?: Operator;
  readonly version?: string;
}

/** In the order in which they are looked for: the longer ones first. */
const OPERATORS = ['===', '==', '!=', '>=', '<=', '~=', '~', '>', '<'] as const;
type Operator = (typeof OPERATORS)[number];

/** `name`, `name==1.2`, `name >= 1.0`; undefined when there is no name or no version after an operator. */
export const parseRequirement = (text: string): Requirement | undefined => {
  const match = /^\s*([^=!<>~]*?)\s*(?:(===|==|!=|>=|<=|~=|~|>|<)\s*([^\s=!<>~]\S*)\s*)?$/.exec(
    text,
  );
  const name = match?.[1];
  if (name === undefined || name === '') return undefined;
  const operator = OPERATORS.find((candidate) => candidate === match?.[2]);
  const version = match?.[3];
  return operator === undefined || version === undefined ? { name } : { name, operator, version };
};

const partsOf = (version: string): string[] =>
  version.replace(/^v/, '').replace(/\+.*$/, '').split(/[.-]/);

/** Negative, zero or positive, as in semantic versioning; a missing part counts as 0, a pre-release comes first. */
export const compareVersions = (left: string, right: string): number => {
  const [a, b] = [partsOf(left), partsOf(right)];
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const [x = '0', y = '0'] = [a[index], b[index]];
    const numeric = [x, y].map((part) => (/^\d+$/.test(part) ? Number(part) : undefined));
    const [m, n] = numeric;
    if (m !== undefined && n !== undefined) {
      if (m !== n) return m - n;
    } else if (m === undefined && n === undefined) {
      if (x !== y) return x < y ? -1 : 1;
    } else {
      return m === undefined ? -1 : 1;
    }
  }
  return 0;
};

/** True when `installed` meets the requirement. `~=1.4.2` and `~1.4.2` allow 1.4.2 and later within 1.4. */
export const meets = (installed: string, requirement: Requirement): boolean => {
  const { operator, version } = requirement;
  if (operator === undefined || version === undefined) return true;
  const order = compareVersions(installed, version);
  switch (operator) {
    case '===':
      return installed === version;
    case '==':
      return order === 0;
    case '!=':
      return order !== 0;
    case '>=':
      return order >= 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '<':
      return order < 0;
    case '~=':
    case '~': {
      const family = partsOf(version).slice(0, -1);
      const installedParts = partsOf(installed);
      return order >= 0 && family.every((part, index) => (installedParts[index] ?? '0') === part);
    }
  }
};

/** What of `required` is not met by the installed names and versions (a worker's version is unknown: undefined). */
export const unmet = (
  kind: 'service' | 'worker',
  required: readonly string[],
  installed: ReadonlyMap<string, string | undefined>,
): string[] =>
  required.flatMap((text) => {
    const requirement = parseRequirement(text);
    if (requirement === undefined) return [`"${text}" does not name a ${kind}`];
    if (!installed.has(requirement.name)) {
      return [
        `needs the ${kind} "${text.trim()}", which is not installed; run: gantry ${kind} install <source of ${requirement.name}>`,
      ];
    }
    const version = installed.get(requirement.name);
    return version === undefined || meets(version, requirement)
      ? []
      : [`needs the ${kind} "${text.trim()}", but version ${version} is installed`];
  });
