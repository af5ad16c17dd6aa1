/**
 * Rules: JSONata expressions that answer yes or no about a group or an instance. A rule is checked before it is
 * saved; when it runs it is bounded in time and depth, and whatever goes wrong is a failure, never a no.
 */
import jsonata from 'jsonata';
import type { RuleOutcome } from '../contracts/rules.ts';
import { boundedRegularExpressions } from './bounded-regular-expression.ts';
import { RuleTrace } from './rule-trace.ts';
import { wordsOf, type RuleSubject } from './rule-words.ts';

export const MAX_RULE_LENGTH = 10_000;

/** For one evaluation: a group of 5,000 instances takes well below a second. */
const MAX_MS = 5000;
const MAX_DEPTH = 500;
const MAX_SEQUENCE = 1_000_000;

export interface Rule {
  readonly text: string;
  /** Of the attributes that it reads. */
  readonly keywords: ReadonlySet<string>;
  /** Never rejects. `document` is one of rule-document.ts, or an instance. */
  evaluate(document: object): Promise<RuleOutcome>;
}

export type RuleReadingOfText =
  | { readonly ok: true; readonly rule: Rule }
  /** Sentences without a full stop, about all that is wrong. */
  | { readonly ok: false; readonly problems: readonly string[] };

/** The rule's own values are no part of it: JSONata's messages may name them. */
interface Failure {
  readonly code: string;
  readonly position?: number;
  readonly message: string;
}

const failureOf = (error: unknown): Failure => {
  const { code, position, message } = error as Partial<Record<string, unknown>>;
  return {
    code: typeof code === 'string' ? code : 'unknown',
    ...(typeof position === 'number' ? { position } : {}),
    message: typeof message === 'string' ? message : 'it could not be evaluated',
  };
};

const placeOf = ({ position }: Failure): string =>
  position === undefined ? '' : ` at character ${String(position)}`;

/** What JSONata's codes say without the values; of others the code alone. */
const EXPLANATIONS: Readonly<Record<string, string>> = {
  D1011: 'it calls itself too often',
  D1012: `it took longer than ${String(MAX_MS / 1000)} s`,
  D2015: 'it makes a list that is too long',
  D3030: 'a value is no number',
  T0410: 'a value has the wrong type for a function',
  T0412: 'a list has members of the wrong type for a function',
  T1006: 'what is called is no function',
  T2001: 'the left side of an arithmetic operator is no number',
  T2002: 'the right side of an arithmetic operator is no number',
  T2009: 'the two sides of a comparison are of different types',
  T2010: 'the sides of a comparison must be numbers or texts',
  'too-slow-regular-expression': 'a regular expression takes too long',
};

const reasonOf = (failure: Failure): string =>
  `${EXPLANATIONS[failure.code] ?? `JSONata's error ${failure.code}`}${placeOf(failure)}`;

/** `undefined` is JSONata's empty list, and a list of one is its member. */
const listOf = (value: unknown): readonly unknown[] =>
  value === undefined ? [] : Array.isArray(value) ? (value as readonly unknown[]) : [value];

type Predicate = (item: unknown) => unknown;

const holds = async (predicate: unknown, item: unknown): Promise<boolean> => {
  if (typeof predicate !== 'function') {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- as JSONata does, so that it adds the place
    throw { code: 'T1006', message: 'the second argument must be a function' };
  }
  // A comparison with a value that is not there is neither true nor false: it does not hold.
  return (await (predicate as Predicate)(item)) === true;
};

const register = (expression: jsonata.Expression): void => {
  expression.registerFunction('any', async (list: unknown, predicate: unknown) => {
    for (const item of listOf(list)) if (await holds(predicate, item)) return true;
    return false;
  });
  expression.registerFunction('all', async (list: unknown, predicate: unknown) => {
    for (const item of listOf(list)) if (!(await holds(predicate, item))) return false;
    return true;
  });
  expression.registerFunction('between', (value: unknown, low: unknown, high: unknown) => {
    if (value === undefined) return undefined;
    if ([value, low, high].some((one) => typeof one !== 'number')) {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- as above
      throw { code: 'D3030', message: '$between takes numbers' };
    }
    return Number(low) <= Number(value) && Number(value) <= Number(high);
  });
};

const compile = (text: string): jsonata.Expression => {
  const expression = jsonata(text, {
    timeout: MAX_MS,
    stack: MAX_DEPTH,
    sequence: MAX_SEQUENCE,
    RegexEngine: boundedRegularExpressions() as unknown as RegExpConstructor,
  });
  register(expression);
  return expression;
};

const outcomeOf = (result: unknown): Omit<RuleOutcome, 'readings'> => {
  if (typeof result === 'boolean') return { outcome: result ? 'matched' : 'not-matched' };
  const type = Array.isArray(result) ? 'a list' : `a ${typeof result}`;
  const reason =
    result === undefined
      ? 'it gave nothing, for a value that it compares is not there'
      : `it gave ${type} and not true or false`;
  return { outcome: 'failed', reason };
};

const evaluate = async (text: string, document: object): Promise<RuleOutcome> => {
  const trace = new RuleTrace(document);
  const expression = compile(text);
  // JSONata calls this after each step of an evaluation.
  const afterStep = (node: jsonata.ExprNode, input: unknown): void => {
    if (node.type === 'name') trace.read(input, String(node.value));
  };
  expression.assign(Symbol.for('jsonata.__evaluate_exit') as unknown as string, afterStep);
  try {
    const result: unknown = await expression.evaluate(document);
    return { ...outcomeOf(result), readings: trace.readings() };
  } catch (error) {
    const failure = failureOf(error);
    return {
      outcome: 'failed',
      reason: reasonOf(failure),
      detail: failure.message,
      readings: trace.readings(),
    };
  }
};

/** Compiles a rule and looks at every word of it. */
export const readRule = (text: string, subject: RuleSubject = 'group'): RuleReadingOfText => {
  if (text.trim() === '') return { ok: false, problems: ['a rule is not empty'] };
  if (text.length > MAX_RULE_LENGTH) {
    const most = String(MAX_RULE_LENGTH);
    return { ok: false, problems: [`a rule has at most ${most} characters`] };
  }
  let ast: unknown;
  try {
    ast = jsonata(text).ast();
  } catch (error) {
    const failure = failureOf(error);
    return { ok: false, problems: [`${failure.message.replace(/\.$/, '')}${placeOf(failure)}`] };
  }
  const { keywords, problems } = wordsOf(ast, subject);
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, rule: { text, keywords, evaluate: (document) => evaluate(text, document) } };
};
