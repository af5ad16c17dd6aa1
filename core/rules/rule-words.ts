/**
 * The words of a rule, found by walking what JSONata has parsed: attributes by keyword, the fields of what it is
 * given, functions. A word that is unknown would only ever be "no value", so it is a problem before it is saved.
 */
import { attributeOfKeyword, attributeKeywords } from '../dicom/dictionary.ts';
import { nearest } from '../packages/nearest.ts';

/** What a rule is about: all instances of a group, or one instance. */
export type RuleSubject = 'group' | 'instance';

/** Names that are no attributes, and what they are given to. */
const FIELDS: Record<RuleSubject, ReadonlySet<string>> = {
  group: new Set('instances aeTitle sources group id groupBy generation source'.split(' ')),
  instance: new Set(['aeTitle', 'source']),
};

/** What the match of a regular expression has. */
const MATCH_FIELDS = new Set(['match', 'start', 'end', 'groups', 'index']);

/** The functions that are there for an answer of yes or no; each depends on its arguments alone. */
export const FUNCTIONS: ReadonlySet<string> = new Set(
  (
    'any all between ' +
    'count sum max min average exists not boolean number string length contains match split join trim ' +
    'substring substringBefore substringAfter lowercase uppercase replace ' +
    'map filter single reduce distinct sort reverse append abs floor ceil round toMillis fromMillis'
  ).split(' '),
);

/** Exactly so many arguments: with others they would say something else than what is meant. */
const ARGUMENTS: Readonly<Record<string, number>> = { any: 2, all: 2, between: 3 };

/** Value representations that have no value to compare (PS3.5 section 6.2). */
const UNREADABLE_VRS = new Set('OB OD OF OL OV OW SV UN UV'.split(' '));

const REFUSED_NODES: Readonly<Record<string, string>> = {
  wildcard: '"*" reads whatever is there; name what the rule reads',
  descendant: '"**" reads whatever is there; name what the rule reads',
  parent: '"%" is not there in rules; name what the rule reads',
  transform: '"| … |" changes values, and a rule only reads',
};

export interface RuleWords {
  /** Of the attributes that the rule reads. */
  readonly keywords: ReadonlySet<string>;
  /** Sentences without a full stop. */
  readonly problems: readonly string[];
}

type Node = Readonly<Record<string, unknown>>;

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && !(value instanceof RegExp);

const nodesOf = (ast: unknown): Node[] => {
  const nodes: Node[] = [];
  const seen = new Set<Node>();
  const open: unknown[] = [ast];
  while (open.length > 0) {
    const value = open.pop();
    if (!isNode(value) || seen.has(value)) continue;
    seen.add(value);
    if (!Array.isArray(value)) nodes.push(value);
    open.push(...Object.values(value).reverse());
  }
  return nodes;
};

const textIn = (node: Node, field: string): string => {
  const value = node[field];
  return typeof value === 'string' ? value : '';
};

const listIn = (node: Node, field: string): readonly unknown[] => {
  const value = node[field];
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
};

/** Names that the rule gives to variables, and to fields of objects that it makes itself. */
const ownNames = (nodes: readonly Node[]) => {
  const variables = new Set(['', '$']);
  const fields = new Set<string>();
  const add = (value: unknown): void => {
    if (isNode(value) && textIn(value, 'type') === 'variable')
      variables.add(textIn(value, 'value'));
  };
  for (const node of nodes) {
    const type = textIn(node, 'type');
    if (type === 'bind') add(node['lhs']);
    if (type === 'lambda') listIn(node, 'arguments').forEach(add);
    for (const bound of ['focus', 'index']) {
      if (typeof node[bound] === 'string') variables.add(node[bound]);
    }
    const { group } = node;
    const pairs = [
      ...(type === 'unary' && node['value'] === '{' ? listIn(node, 'lhs') : []),
      ...(isNode(group) ? listIn(group, 'lhs') : []),
    ];
    for (const pair of pairs) {
      const key: unknown = Array.isArray(pair) ? pair[0] : undefined;
      if (isNode(key) && textIn(key, 'type') === 'string') fields.add(textIn(key, 'value'));
    }
  }
  return { variables, fields };
};

const meant = (name: string, known: Iterable<string>, mark = ''): string => {
  const found = nearest(name, [...known]);
  return found === undefined ? '' : `; did you mean "${mark}${found}"?`;
};

/** `ast` is what `expression.ast()` gives. */
export const wordsOf = (ast: unknown, subject: RuleSubject): RuleWords => {
  const nodes = nodesOf(ast);
  const own = ownNames(nodes);
  const keywords = new Set<string>();
  const problems = new Set<string>();

  const readName = (name: string): void => {
    const attribute = attributeOfKeyword(name);
    if (attribute === undefined) {
      if (FIELDS[subject].has(name) || own.fields.has(name) || MATCH_FIELDS.has(name)) return;
      const hint = FUNCTIONS.has(name)
        ? `; the function is "$${name}"`
        : meant(name, [...attributeKeywords(), ...FIELDS[subject]]);
      problems.add(`"${name}" is no DICOM keyword${hint}`);
    } else if (UNREADABLE_VRS.has(attribute.vr)) {
      problems.add(`${name} (${attribute.vr}) has no value that a rule can read`);
    } else {
      keywords.add(name);
    }
  };

  for (const node of nodes) {
    const type = textIn(node, 'type');
    const refused = REFUSED_NODES[type];
    if (refused !== undefined) problems.add(refused);
    if (type === 'name') readName(textIn(node, 'value'));
    if (type === 'variable') {
      const name = textIn(node, 'value');
      if (!own.variables.has(name) && !FUNCTIONS.has(name)) {
        const known = [...FUNCTIONS, ...own.variables].filter((word) => word.length > 1);
        problems.add(
          `"$${name}" is no function of rules and no variable${meant(name, known, '$')}`,
        );
      }
    }
    const { procedure } = node;
    if (type === 'function' && isNode(procedure)) {
      const name = textIn(procedure, 'value');
      const wanted = own.variables.has(name) ? undefined : ARGUMENTS[name];
      if (wanted !== undefined && listIn(node, 'arguments').length !== wanted) {
        problems.add(`$${name} takes ${String(wanted)} arguments`);
      }
    }
  }
  return { keywords, problems: [...problems] };
};
